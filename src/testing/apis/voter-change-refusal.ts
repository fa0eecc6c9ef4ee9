import { ErrorCode } from '../../base/error-codes'
import type { RequestContext } from '../node/api-handler'
import { clusterResource } from '../security/security'
import type { Services } from '../services'

/** What is checked before any change of the quorum's voters: the right to it, and that this cluster is meant. */
export function voterChangeRefusal(
  services: Services,
  context: RequestContext,
  clusterId: string | null,
): { readonly errorCode: number; readonly errorMessage: string | null } | undefined {
  if (!services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)) {
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage: null }
  }
  if (clusterId !== null && clusterId !== services.clusterId) {
    return { errorCode: ErrorCode.INCONSISTENT_CLUSTER_ID, errorMessage: null }
  }
  return undefined
}
