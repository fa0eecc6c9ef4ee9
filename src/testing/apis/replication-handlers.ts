import type { ApiHandler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { addRaftVoterHandler } from './add-raft-voter'
import { alterPartitionReassignmentsHandler } from './alter-partition-reassignments'
import { alterReplicaLogDirsHandler } from './alter-replica-log-dirs'
import { describeLogDirsHandler } from './describe-log-dirs'
import { describeQuorumHandler } from './describe-quorum'
import { electLeadersHandler } from './elect-leaders'
import { fetchHandler } from './fetch'
import { listPartitionReassignmentsHandler } from './list-partition-reassignments'
import { removeRaftVoterHandler } from './remove-raft-voter'
import { unregisterBrokerHandler } from './unregister-broker'

/** What answers the APIs on replicas, their leaders and their brokers, and fetches. */
export function replicationHandlers(services: Services): readonly ApiHandler[] {
  return [
    fetchHandler(services),
    electLeadersHandler(services),
    alterPartitionReassignmentsHandler(services),
    listPartitionReassignmentsHandler(services),
    describeLogDirsHandler(services),
    alterReplicaLogDirsHandler(services),
    unregisterBrokerHandler(services),
    describeQuorumHandler(services),
    addRaftVoterHandler(services),
    removeRaftVoterHandler(services),
  ]
}
