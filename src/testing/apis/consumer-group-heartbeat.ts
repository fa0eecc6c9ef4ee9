import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  consumerGroupHeartbeatApi,
} from '../../wire/generated/broker/consumer-group-heartbeat'
import type { ConsumerGroups } from '../groups/consumer/consumer-groups'
import { fail } from '../contracts/kafka-failure'
import { type ApiHandler, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeHeartbeat, refusedHeartbeat } from './group-heartbeat'

/**
 * ConsumerGroupHeartbeat 0 and 1 (KIP-848). Version 1 has regular expressions, and clients that make their member ids
 * themselves (KIP-1082).
 */
export function consumerGroupHeartbeatHandler(
  services: Services,
  groups: ConsumerGroups,
): ApiHandler<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse> {
  return handler(consumerGroupHeartbeatApi, (request, context) => {
    try {
      requireProtocol(services)
      authorizeHeartbeat(services, request, context)
      return groups.heartbeat(request, context)
    } catch (error) {
      return refusedHeartbeat(error)
    }
  })
}

/** @throws UNSUPPORTED_VERSION where the brokers were told not to serve these groups */
function requireProtocol({ configs, release }: Services): void {
  const protocols = configs.broker('group.coordinator.rebalance.protocols').split(',')
  const isFinalized = (release.features.get('group.version')?.finalized ?? 0) > 0
  if (!isFinalized || !protocols.some((name) => name.trim() === 'consumer')) throw fail('UNSUPPORTED_VERSION')
}
