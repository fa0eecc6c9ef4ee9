import { ConsumerGroups } from '../groups/consumer/consumer-groups'
import type { ApiHandler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { consumerGroupDescribeHandler } from './consumer-group-describe'
import { consumerGroupHeartbeatHandler } from './consumer-group-heartbeat'

/** What answers the APIs of KIP-848 groups. Called once a cluster. */
export function consumerGroupHandlers(services: Services): readonly ApiHandler[] {
  const groups = new ConsumerGroups(services)
  return [consumerGroupHeartbeatHandler(services, groups), consumerGroupDescribeHandler(services, groups)]
}
