import { ErrorCode } from '../../base/error-codes'
import { checkOperations, type ConfigOperation } from '../configs/config-operations'
import { ConfigResourceType } from '../contracts/config-store'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import type { RequestContext } from '../contracts/api-handler'
import { authorizeConfigs, isConfigResource, type ConfigResource } from './config-resources'
import type { ConfigServices } from './config-services'

/** One resource of a request that alters configs. */
export interface AlterRequest extends ConfigResource {
  readonly changes: readonly ConfigOperation[]
}

/** What became of it. */
export interface AlterResult extends ConfigResource {
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** Alters each resource on its own, after what a broker checks before it asks the controller. */
export function alterEach(
  requests: readonly AlterRequest[],
  services: ConfigServices,
  context: RequestContext,
  alter: (request: AlterRequest) => void,
): AlterResult[] {
  const key = ({ resourceType, resourceName }: ConfigResource): string => `${resourceType} ${resourceName}`
  const counts = new Map<string, number>()
  for (const request of requests) counts.set(key(request), (counts.get(key(request)) ?? 0) + 1)
  return requests.map((request) => {
    const { resourceType, resourceName } = request
    try {
      if ((counts.get(key(request)) ?? 0) > 1) {
        throw fail('INVALID_REQUEST', 'Each resource must appear at most once.')
      }
      if (!isConfigResource(resourceType)) {
        throw fail('INVALID_REQUEST', `Unknown resource type ${resourceType}`)
      }
      checkOperations(request.changes)
      checkBroker(request, context)
      authorizeConfigs(services, context, 'AlterConfigs', request)
      alter(request)
      return { errorCode: ErrorCode.NONE, errorMessage: null, resourceType, resourceName }
    } catch (error) {
      const [errorCode, errorMessage] = [errorCodeOf(error), errorMessageOf(error)]
      return { errorCode, errorMessage, resourceType, resourceName }
    }
  })
}

/** Configs of one broker are altered at that broker. */
function checkBroker({ resourceType, resourceName }: ConfigResource, { broker }: RequestContext): void {
  const isLogger = resourceType === ConfigResourceType.brokerLogger
  if (!isLogger && (resourceType !== ConfigResourceType.broker || resourceName === '')) return
  if (!/^[+-]?\d+$/.test(resourceName)) {
    throw fail('INVALID_REQUEST', `Node id must be an integer, but it is: ${resourceName}`)
  }
  if (Number(resourceName) === broker.id) return
  throw fail(
    'INVALID_REQUEST',
    isLogger
      ? `Unexpected node id. Expected ${broker.id}, but received ${resourceName}`
      : `Unexpected broker id, expected ${broker.id}, but received ${resourceName}`,
  )
}
