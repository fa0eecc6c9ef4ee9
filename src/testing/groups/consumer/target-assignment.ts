import type { Services } from '../../contracts/services'
import { rangeAssignor } from './assignors/range-assignor'
import type { ServerAssignor } from './assignors/server-assignor'
import { uniformAssignor } from './assignors/uniform-assignor'
import { type ConsumerGroup, targetOf } from './consumer-group'
import { isHomogeneous, subscribedTopicIds } from './subscriptions'

const knownAssignors: readonly ServerAssignor[] = [uniformAssignor, rangeAssignor]

/** The assignors of `group.consumer.assignors`; the first is used unless members ask for another. */
export function serverAssignors(services: Services): readonly ServerAssignor[] {
  const names = services.configs.broker('group.consumer.assignors').split(',')
  const chosen = names.flatMap((name) => knownAssignors.filter((one) => one.name === name.trim()))
  return chosen.length > 0 ? chosen : knownAssignors
}

/** What the group's assignor is called. */
export function assignorNameOf(services: Services, group: ConsumerGroup): string {
  return group.preferredAssignor() ?? (serverAssignors(services)[0] as ServerAssignor).name
}

/** Computes the target for the group's epoch. */
export function computeTarget(services: Services, group: ConsumerGroup): void {
  const name = assignorNameOf(services, group)
  const assignor = knownAssignors.find((one) => one.name === name) ?? uniformAssignor
  const members = [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    instanceId: member.instanceId,
    topicIds: subscribedTopicIds(services, member, group.resolvedPatterns),
    target: targetOf(group, member.memberId),
  }))
  const targets = assignor.assign({
    members,
    isHomogeneous: isHomogeneous(group.members.values()),
    partitionCount: (topicId) => services.topics.byId(topicId)?.partitions.length ?? 0,
  })
  group.targets.clear()
  for (const [memberId, target] of targets) group.targets.set(memberId, target)
  group.targetEpoch = group.groupEpoch
  group.targetAt = services.runtime.clock.now()
}

/** False while the last target is younger than `consumer.assignment.interval.ms`: members that join together share one. */
export function mayComputeTarget(services: Services, group: ConsumerGroup): boolean {
  if (group.targetAt === undefined) return true
  const interval = services.configs.groupNumber(group.groupId, 'consumer.assignment.interval.ms')
  return services.runtime.clock.now() >= group.targetAt + interval
}
