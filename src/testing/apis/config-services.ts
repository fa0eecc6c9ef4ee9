import type { ClusterConfigs } from '../configs/cluster-configs'
import type { Services } from '../contracts/services'

/** The cluster's parts with its configs in full: what is set can also be altered and described. */
export interface ConfigServices extends Services {
  readonly configs: ClusterConfigs
}
