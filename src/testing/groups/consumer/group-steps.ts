import type { RequestContext } from '../../contracts/api-handler'
import type { Services } from '../../contracts/services'
import { type ConsumerGroup, targetOf } from './consumer-group'
import type { ConsumerMember } from './consumer-member'
import { reconcileMember } from './current-assignment'
import { canDowngrade, downgrade } from './group-conversion'
import type { TopicPartitionList } from './assignors/partition-sets'
import { PatternResolution } from './pattern-resolution'
import { subscribedTopicIds, topicsFingerprint } from './subscriptions'
import { computeTarget, mayComputeTarget } from './target-assignment'

/** What a request changed of a member's subscription. */
export interface SubscriptionChange {
  readonly hasChanged: boolean
  /** False while nobody knows yet which topics a new pattern matches. */
  readonly bumpsEpoch: boolean
}

/**
 * What is done with a member and its group whichever protocol it speaks: the group's epoch moves when subscriptions or
 * topics changed, a new target follows, the member makes its next step towards it; who is silent is taken out.
 */
export class GroupSteps {
  readonly #services: Services
  readonly #patterns: PatternResolution
  /** Grows with each change of topics and brokers. */
  #metadataVersion = 0
  #isWatching = false

  constructor(services: Services) {
    this.#services = services
    this.#patterns = new PatternResolution(services)
  }

  /** Makes the group one of the cluster's. */
  adopt(group: ConsumerGroup): void {
    const { groups } = this.#services
    const known = groups.get(group.groupId)
    if (known === undefined) groups.add(group)
    else if (known !== group) groups.replace(group)
    if (this.#isWatching) return
    this.#isWatching = true
    this.#services.topics.watch(() => this.#metadataVersion++)
    this.#services.brokers.watch(() => this.#metadataVersion++)
  }

  /** Puts a static member that is back in the place of its old self, with all that it had and was to have. */
  replaceStatic(group: ConsumerGroup, old: ConsumerMember, member: ConsumerMember): void {
    const target = targetOf(group, old.memberId)
    group.removeMember(old.memberId)
    group.targets.set(member.memberId, target)
    group.setMember(member)
  }

  /** Takes the member's new state into the group, and moves the group's epoch if that, or a topic, changed anything. */
  update(
    group: ConsumerGroup,
    member: ConsumerMember,
    change: SubscriptionChange,
    context: RequestContext,
  ): void {
    group.setMember(member)
    this.#patterns.refreshIfNeeded(group, context, this.#metadataVersion)
    if (!change.bumpsEpoch && group.seenMetadata === this.#metadataVersion) return
    const fingerprint = topicsFingerprint(this.#services, group.subscribedNames())
    if (change.bumpsEpoch || fingerprint !== group.topicsFingerprint) group.groupEpoch++
    group.topicsFingerprint = fingerprint
    group.seenMetadata = this.#metadataVersion
  }

  /** Computes the target for the group's epoch, unless the last one is too young. */
  retarget(group: ConsumerGroup): void {
    if (group.groupEpoch > group.targetEpoch && mayComputeTarget(this.#services, group)) {
      computeTarget(this.#services, group)
    }
  }

  /** The member's next step towards its target. */
  reconcile(
    group: ConsumerGroup,
    member: ConsumerMember,
    hasSubscriptionChanged: boolean,
    owned: readonly TopicPartitionList[] | null,
  ): ConsumerMember {
    const { memberId } = member
    const next = reconcileMember(member, {
      targetEpoch: group.targetEpoch,
      target: targetOf(group, memberId),
      subscribedTopicIds: subscribedTopicIds(this.#services, member, group.resolvedPatterns),
      hasSubscriptionChanged,
      owned,
      isOwnedByOther: (topicId, partition) => group.isOwnedByOther(memberId, topicId, partition),
    })
    if (next === member) return member
    group.setMember(next)
    // Members of the classic protocol give partitions up by joining again, and have the time of a join for it.
    if (next.classic === null && next.state === 'unrevoked') this.#expectRevocation(group, next)
    else group.timers.cancel(memberId, 'rebalance')
    return next
  }

  /**
   * Takes members out; the others get their partitions with their next requests. When nobody is left who speaks
   * KIP-848, the group becomes a classic one.
   */
  fence(group: ConsumerGroup, memberIds: readonly string[]): void {
    if (memberIds.length === 0) return
    for (const memberId of memberIds) this.#remove(group, memberId)
    if (canDowngrade(this.#services, group)) {
      downgrade(this.#services, group).prepareRebalance()
      return
    }
    group.topicsFingerprint = topicsFingerprint(this.#services, group.subscribedNames())
    group.groupEpoch++
  }

  #remove(group: ConsumerGroup, memberId: string): void {
    const { topicRegex } = group.member(memberId)
    group.removeMember(memberId)
    if (topicRegex !== '' && group.patternReaders(topicRegex) === 0) group.resolvedPatterns.delete(topicRegex)
  }

  /** The member's session starts anew. */
  expectHeartbeat(group: ConsumerGroup, { memberId, classic }: ConsumerMember): void {
    const timeout =
      classic?.sessionTimeoutMs ??
      this.#services.configs.groupNumber(group.groupId, 'consumer.session.timeout.ms')
    this.expect(group, memberId, 'session', timeout, 'the member session expired')
  }

  /** Takes a member out unless the timer is cancelled in time. */
  expect(
    group: ConsumerGroup,
    memberId: string,
    kind: 'session' | 'join' | 'sync',
    ms: number,
    why: string,
  ): void {
    group.timers.start(memberId, kind, ms, () => {
      this.#logFenced(group, memberId, why)
      this.fence(group, [memberId])
    })
  }

  #expectRevocation(
    group: ConsumerGroup,
    { memberId, memberEpoch, rebalanceTimeoutMs }: ConsumerMember,
  ): void {
    group.timers.start(memberId, 'rebalance', rebalanceTimeoutMs, () => {
      if (group.members.get(memberId)?.memberEpoch !== memberEpoch) return
      this.#logFenced(
        group,
        memberId,
        `it did not leave epoch ${memberEpoch} within ${rebalanceTimeoutMs} ms`,
      )
      this.fence(group, [memberId])
    })
  }

  /** A new coordinator gives everybody the whole of their time again. */
  restartTimers(group: ConsumerGroup): void {
    for (const member of group.members.values()) {
      this.expectHeartbeat(group, member)
      if (member.classic === null && member.state === 'unrevoked') this.#expectRevocation(group, member)
    }
  }

  #logFenced({ groupId }: ConsumerGroup, memberId: string, why: string): void {
    const { logger } = this.#services.runtime
    logger.info('A member was fenced from its consumer group', { groupId, memberId, why })
  }
}
