import type { Cluster } from './cluster'
import type { ResolvedClusterOptions } from './cluster-options'
import { KafkaCluster } from './kafka-cluster'

/** Makes a cluster. Nothing is opened before the first lease and the first request. */
export function createCluster(options: ResolvedClusterOptions): Cluster {
  return new KafkaCluster(options)
}
