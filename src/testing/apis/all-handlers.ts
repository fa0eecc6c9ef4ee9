import type { ClusterServices } from '../cluster-services'
import type { ApiHandler } from '../contracts/api-handler'
import type { ClusterSecurity } from '../security/cluster-security'
import { clusterHandlers } from './cluster-handlers'
import { consumerGroupHandlers } from './consumer-group-handlers'
import { groupHandlers } from './group-handlers'
import { logHandlers } from './log-handlers'
import { replicationHandlers } from './replication-handlers'
import { securityHandlers } from './security-handlers'
import { shareGroupHandlers } from './share-group-handlers'
import { transactionHandlers } from './transaction-handlers'

/** What answers all APIs that the brokers serve; the same for each of them. Called once a cluster. */
export function allApiHandlers(services: ClusterServices, security: ClusterSecurity): readonly ApiHandler[] {
  return [
    ...clusterHandlers(services),
    ...logHandlers(services),
    ...replicationHandlers(services),
    ...groupHandlers(services),
    ...consumerGroupHandlers(services),
    ...shareGroupHandlers(services),
    ...transactionHandlers(services, services.transactions),
    ...securityHandlers(services, security),
  ]
}
