/**
 * What does not move:
 * - `fetch`: a broker does not answer fetches, refuses a partition again and again, or a partition has no leader
 * - `offsets`: the position of a partition is not found, or can't be checked against a new leader
 * - `handler`: a handler, or the body of a loop, has not come back
 * - `listener`: one of `onPartitionsAssigned`, `onPartitionsRevoked` and `onPartitionsLost` has not come back
 * - `join`: the member does not get into its group, or a rebalance does not end
 * - `heartbeat`: the coordinator does not answer heartbeats
 * - `commit`: positions are not stored
 */
export type StallKind = 'fetch' | 'offsets' | 'handler' | 'listener' | 'join' | 'heartbeat' | 'commit'
