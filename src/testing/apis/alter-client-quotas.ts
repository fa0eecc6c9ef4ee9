import { ErrorCode } from '../../base/error-codes'
import {
  alterClientQuotasApi,
  type AlterClientQuotasRequest,
  type AlterClientQuotasRequestEntryData,
  type AlterClientQuotasResponse,
} from '../../wire/generated/broker/alter-client-quotas'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import type { ClientQuotas } from '../security/client-quotas'
import { parseEntity } from '../security/quota-entity'
import { clusterResource, type Authorizer } from '../contracts/security'

/** AlterClientQuotas: sets and takes away limits, each entity for itself. */
export function alterClientQuotasHandler(
  services: { readonly authorizer: Authorizer },
  quotas: ClientQuotas,
): ApiHandler<AlterClientQuotasRequest, AlterClientQuotasResponse> {
  return handler(alterClientQuotasApi, (request, context) => {
    const isAllowed = services.authorizer.allows(context, 'AlterConfigs', 'Cluster', clusterResource)
    const alter = ({ entity, ops }: AlterClientQuotasRequestEntryData) => {
      try {
        if (!isAllowed) throw fail('CLUSTER_AUTHORIZATION_FAILED')
        const changes = ops.map(({ key, value, remove }) => [key, remove ? null : value] as const)
        quotas.alter(parseEntity(entity), changes, request.validateOnly)
        return { errorCode: ErrorCode.NONE, errorMessage: null, entity }
      } catch (error) {
        return { errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error), entity }
      }
    }
    return { throttleTimeMs: context.throttleMs, entries: request.entries.map(alter) }
  })
}
