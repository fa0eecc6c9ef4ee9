import { ErrorCode } from '../../base/error-codes'
import {
  findCoordinatorApi,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
  type FindCoordinatorResponseCoordinator,
} from '../../wire/generated/broker/find-coordinator'
import type { CoordinatorType } from '../contracts/coordinators'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

const types: readonly (CoordinatorType | undefined)[] = ['group', 'transaction', 'share']

/** Says which broker coordinates a group, a transactional id, or a share group's partition; several at once since 4. */
export function findCoordinatorHandler(
  services: Services,
): ApiHandler<FindCoordinatorRequest, FindCoordinatorResponse> {
  return handler(findCoordinatorApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    if (context.apiVersion >= 4) {
      // Since version 4 codes have no words, but for a type that there is not.
      const isType = types[request.keyType] !== undefined
      const coordinators = request.coordinatorKeys.map((key) => {
        const found = coordinatorOf(services, context, request.keyType, key)
        return isType ? { ...found, errorMessage: '' } : found
      })
      return { throttleTimeMs, coordinators }
    }
    const found = coordinatorOf(services, context, request.keyType, request.key)
    const { errorCode, errorMessage, nodeId, host, port } = found
    // Versions 1 to 3 name even success: the message of Kafka's code 0 is its name.
    const words = errorCode === ErrorCode.NONE ? 'NONE' : errorMessage
    return { throttleTimeMs, errorCode, errorMessage: words, nodeId, host, port }
  })
}

function coordinatorOf(
  services: Services,
  context: RequestContext,
  keyType: number,
  key: string,
): FindCoordinatorResponseCoordinator {
  try {
    const type = checkedType(keyType, context)
    authorize(services, context, type, key)
    if (type === 'share') checkShareKey(key)
    const broker = services.brokers.get(services.coordinators.find(type, key).brokerId)
    if (broker === undefined) throw fail('COORDINATOR_NOT_AVAILABLE')
    const { id: nodeId, host, port } = broker
    return { key, nodeId, host, port, errorCode: ErrorCode.NONE, errorMessage: '' }
  } catch (error) {
    const [errorCode, errorMessage] = [errorCodeOf(error), errorMessageOf(error) ?? '']
    return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage }
  }
}

const malformed =
  'This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details.'

function checkedType(keyType: number, { apiVersion }: RequestContext): CoordinatorType {
  const type = types[keyType]
  if (type === undefined) throw fail('INVALID_REQUEST', malformed)
  // The share coordinator came with version 6 (KIP-932).
  if (type === 'share' && apiVersion < 6) throw fail('INVALID_REQUEST')
  return type
}

function authorize(
  { authorizer }: Services,
  context: RequestContext,
  type: CoordinatorType,
  key: string,
): void {
  if (type === 'group' && !authorizer.allows(context, 'Describe', 'Group', key)) {
    throw fail('GROUP_AUTHORIZATION_FAILED', 'Group authorization failed.')
  }
  if (type === 'transaction' && !authorizer.allows(context, 'Describe', 'TransactionalId', key)) {
    throw fail('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'Transactional Id authorization failed.')
  }
  if (type === 'share' && !authorizer.allows(context, 'ClusterAction', 'Cluster', clusterResource)) {
    throw fail('CLUSTER_AUTHORIZATION_FAILED')
  }
}

/** `group:topicId:partition`. */
function checkShareKey(key: string): void {
  const parts = key.split(':')
  const isValid =
    parts.length === 3 &&
    parts[0]?.trim() !== '' &&
    /^[\w-]{22}$/.test(parts[1] ?? '') &&
    /^\d+$/.test(parts[2] ?? '')
  if (!isValid) throw fail('INVALID_REQUEST')
}
