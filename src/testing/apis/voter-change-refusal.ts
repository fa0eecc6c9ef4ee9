import { ErrorCode } from '../../base/error-codes'
import { zeroUuid } from '../../wire/primitives/uuid'
import type { RequestContext } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/** The voter that is to come or to go. */
export interface VoterChange {
  readonly kind: 'Add' | 'Remove'
  readonly clusterId: string | null
  readonly voterId: number
  readonly voterDirectoryId: string
}

/** A refusal as responses carry it. */
export interface VoterRefusal {
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** What is checked before any change of the quorum's voters: the right to it, and that this cluster is meant. */
export function voterChangeRefusal(
  services: Services,
  context: RequestContext,
  { kind, clusterId, voterId, voterDirectoryId }: VoterChange,
): VoterRefusal | undefined {
  if (!services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)) {
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage: null }
  }
  if (clusterId !== null && clusterId !== services.clusterId) {
    return { errorCode: ErrorCode.INCONSISTENT_CLUSTER_ID, errorMessage: null }
  }
  if (voterId < 0 || voterDirectoryId === zeroUuid) {
    return {
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: `${kind} voter request didn't include a valid voter`,
    }
  }
  return undefined
}
