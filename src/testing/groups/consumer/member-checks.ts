import { fail } from '../../contracts/kafka-failure'
import type { Services } from '../../contracts/services'
import type { ConsumerGroup } from './consumer-group'
import type { ConsumerMember } from './consumer-member'
import { memberEpochs } from './heartbeat-checks'

/** @throws GROUP_MAX_SIZE_REACHED for one more member than there may be */
export function requireRoom({ configs }: Services, group: ConsumerGroup, memberId: string): void {
  const max = configs.brokerNumber('group.consumer.max.size')
  if (group.members.size < max || (memberId !== '' && group.members.has(memberId))) return
  throw fail(
    'GROUP_MAX_SIZE_REACHED',
    `The consumer group has reached its maximum capacity of ${max} members.`,
  )
}

/** A member by its id, and by its instance id if it has one. @throws UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID */
export function requireMember(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
): ConsumerMember {
  if (instanceId === null) return group.member(memberId)
  const existing = group.staticMember(instanceId)
  if (existing === undefined) throw fail('UNKNOWN_MEMBER_ID', `Instance id ${instanceId} is unknown.`)
  if (existing.memberId === memberId) return existing
  throw fail(
    'FENCED_INSTANCE_ID',
    `Static member ${memberId} with instance id ${instanceId} was fenced by member ${existing.memberId}.`,
  )
}

/** A static member can only be replaced when it said that it will be back. @throws UNRELEASED_INSTANCE_ID */
export function requireReleased(existing: ConsumerMember, memberId: string, instanceId: string): void {
  if (existing.memberEpoch === memberEpochs.leaveForAWhile || existing.classic !== null) return
  throw fail(
    'UNRELEASED_INSTANCE_ID',
    `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${existing.memberId} member.`,
  )
}
