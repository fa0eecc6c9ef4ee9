import { ErrorCode } from '../../base/error-codes'
import { BrokerError, FencedError, type KafkaError } from '../../base/errors'
import { consumerGroupHeartbeatApi } from '../../wire/generated/client/consumer-group-heartbeat'
import type { ConsumerHeartbeatOptions } from './consumer-heartbeats'

/** The error of one answer to a heartbeat of the KIP-848 protocol, in words for the user. */
export function heartbeatRefusal(
  errorCode: number,
  brokerMessage: string | null,
  { groupId, groupInstanceId, groupRemoteAssignor }: ConsumerHeartbeatOptions & { readonly groupId: string },
): KafkaError {
  const context = { groupId, api: consumerGroupHeartbeatApi.name, brokerMessage }
  switch (errorCode) {
    case ErrorCode.FENCED_INSTANCE_ID:
      return new FencedError(
        'FENCED_INSTANCE_ID',
        `Another consumer took over group instance id '${groupInstanceId}'; give every consumer an instance id of its own`,
        context,
      )
    case ErrorCode.UNRELEASED_INSTANCE_ID:
      return new FencedError(
        'UNRELEASED_INSTANCE_ID',
        `Group instance id '${groupInstanceId}' is held by another consumer, which runs, or died without a farewell: then its session must end first`,
        context,
      )
    case ErrorCode.UNSUPPORTED_ASSIGNOR:
      return new BrokerError(
        errorCode,
        `The broker has no assignor '${groupRemoteAssignor}' (groupRemoteAssignor)`,
        context,
      )
    case ErrorCode.INVALID_REGULAR_EXPRESSION:
      return new BrokerError(
        errorCode,
        "The broker can't read the pattern of the subscription: brokers use RE2, which has no look-around and no references back",
        context,
      )
    case ErrorCode.TOPIC_AUTHORIZATION_FAILED:
      return new BrokerError(
        errorCode,
        'A subscribed topic may not be described by this user; nothing is assigned until it may',
        context,
      )
    case ErrorCode.GROUP_MAX_SIZE_REACHED:
      return new BrokerError(errorCode, 'The group is full (group.consumer.max.size of the broker)', context)
    case ErrorCode.GROUP_ID_NOT_FOUND:
      return new BrokerError(errorCode, 'A group of this id exists, and is no group of consumers', context)
    default:
      return new BrokerError(errorCode, 'The coordinator refused the group member', context)
  }
}
