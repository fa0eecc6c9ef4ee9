import type { Partition } from '../contracts/partition'
import { fail } from '../contracts/kafka-failure'

/**
 * Compares the epoch that a client believes in with the leader's (KIP-320); -1 for a client that names none.
 * @throws FENCED_LEADER_EPOCH when the client is behind, UNKNOWN_LEADER_EPOCH when it is ahead
 */
export function checkLeaderEpoch(partition: Partition, currentLeaderEpoch: number): void {
  if (currentLeaderEpoch < 0) return
  if (currentLeaderEpoch < partition.leaderEpoch) throw fail('FENCED_LEADER_EPOCH')
  if (currentLeaderEpoch > partition.leaderEpoch) throw fail('UNKNOWN_LEADER_EPOCH')
}
