import { fail } from '../../contracts/kafka-failure'
import type { ConsumerGroupHeartbeatRequest } from '../../../wire/generated/broker/consumer-group-heartbeat'

/** Epochs that a member asks by. */
export const memberEpochs = {
  join: 0,
  leave: -1,
  /** A static member that will be back. */
  leaveForAWhile: -2,
} as const

/** What a heartbeat must have, before anybody looks at the group. @throws INVALID_REQUEST, UNSUPPORTED_ASSIGNOR */
export function checkHeartbeat(
  request: ConsumerGroupHeartbeatRequest,
  apiVersion: number,
  assignors: readonly string[],
): void {
  const { memberEpoch } = request
  // KIP-1082: since version 1 the client makes the id; before it the coordinator does, and only for a joining member.
  if (apiVersion >= 1 || memberEpoch > 0 || memberEpoch === memberEpochs.leave) {
    requireNonEmpty(request.memberId, 'MemberId')
  }
  requireNonEmpty(request.groupId, 'GroupId')
  requireNonEmpty(request.instanceId, 'InstanceId')
  requireNonEmpty(request.rackId, 'RackId')
  if (memberEpoch === memberEpochs.join) checkJoin(request)
  else if (memberEpoch === memberEpochs.leaveForAWhile && request.instanceId === null) {
    throw fail('INVALID_REQUEST', "InstanceId can't be null.")
  } else if (memberEpoch < memberEpochs.leaveForAWhile) {
    throw fail('INVALID_REQUEST', 'MemberEpoch is invalid.')
  }
  if (request.serverAssignor !== null && !assignors.includes(request.serverAssignor)) {
    throw fail(
      'UNSUPPORTED_ASSIGNOR',
      `ServerAssignor ${request.serverAssignor} is not supported. Supported assignors: ${assignors.join(', ')}.`,
    )
  }
}

function checkJoin(request: ConsumerGroupHeartbeatRequest): void {
  if (request.rebalanceTimeoutMs === -1) {
    throw fail('INVALID_REQUEST', 'RebalanceTimeoutMs must be provided in first request.')
  }
  if (request.topicPartitions === null || request.topicPartitions.length > 0) {
    throw fail('INVALID_REQUEST', 'TopicPartitions must be empty when (re-)joining.')
  }
  if (request.subscribedTopicNames === null && request.subscribedTopicRegex === null) {
    throw fail(
      'INVALID_REQUEST',
      'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.',
    )
  }
}

/** Kafka trims: blanks are as good as nothing. */
function requireNonEmpty(value: string | null, name: string): void {
  if (value !== null && value.trim() === '') throw fail('INVALID_REQUEST', `${name} can't be empty.`)
}
