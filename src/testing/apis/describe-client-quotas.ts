import { ErrorCode } from '../../base/error-codes'
import {
  describeClientQuotasApi,
  type DescribeClientQuotasRequest,
  type DescribeClientQuotasResponse,
  type DescribeClientQuotasResponseEntryData,
} from '../../wire/generated/broker/describe-client-quotas'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import type { ClientQuotas, QuotaEntry } from '../security/client-quotas'
import { parseQuotaFilter, quotaFilterMatches } from '../security/quota-filter'
import { clusterResource, type Authorizer } from '../contracts/security'

/** DescribeClientQuotas: the limits of the entities that a filter finds. */
export function describeClientQuotasHandler(
  services: { readonly authorizer: Authorizer },
  quotas: ClientQuotas,
): ApiHandler<DescribeClientQuotasRequest, DescribeClientQuotasResponse> {
  return handler(describeClientQuotasApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    try {
      if (!services.authorizer.allows(context, 'DescribeConfigs', 'Cluster', clusterResource)) {
        throw fail('CLUSTER_AUTHORIZATION_FAILED')
      }
      const filter = parseQuotaFilter(request.components, request.strict)
      const entries = [...quotas.entries].filter(({ entity }) => quotaFilterMatches(filter, entity))
      return { throttleTimeMs, errorCode: ErrorCode.NONE, errorMessage: null, entries: entries.map(describe) }
    } catch (error) {
      const errorCode = errorCodeOf(error)
      return { throttleTimeMs, errorCode, errorMessage: errorMessageOf(error), entries: null }
    }
  })
}

function describe({ entity, limits }: QuotaEntry): DescribeClientQuotasResponseEntryData {
  return {
    entity: [...entity].map(([entityType, entityName]) => ({ entityType, entityName })),
    values: [...limits].map(([key, value]) => ({ key, value })),
  }
}
