import { ErrorCode } from '../../base/error-codes'
import {
  initProducerIdApi,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '../../wire/generated/broker/init-producer-id'
import { fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { TransactionApiServices } from '../transactions/transaction-services'
import { noProducerEpoch, noProducerId } from '../transactions/transaction-metadata'
import type { TransactionCoordinator } from '../transactions/transaction-coordinator'
import type { ProducerIdAndEpoch } from '../contracts/transactions'
import { fencedCode } from './fenced-code'
import { authorizeTransaction } from './transaction-access'

/** InitProducerId: an id and epoch for an idempotent producer, or for a transactional one, which fences all before it. */
export function initProducerIdHandler(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
): ApiHandler<InitProducerIdRequest, InitProducerIdResponse> {
  return handler(initProducerIdApi, (request, context) => {
    try {
      const { producerId, producerEpoch } = initProducerId(services, transactions, request, context)
      return { throttleTimeMs: context.throttleMs, errorCode: ErrorCode.NONE, producerId, producerEpoch }
    } catch (error) {
      const errorCode = fencedCode(error, context, 4)
      return { throttleTimeMs: context.throttleMs, errorCode, producerEpoch: noProducerEpoch }
    }
  })
}

function initProducerId(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
  request: InitProducerIdRequest,
  context: RequestContext,
): ProducerIdAndEpoch {
  const { authorizer, coordinators } = services
  const { transactionalId } = request
  if (transactionalId === null) {
    const isAllowed =
      authorizer.allows(context, 'IdempotentWrite', 'Cluster', clusterResource) ||
      authorizer.allowsAny(context, 'Write', 'Topic')
    if (!isAllowed) throw fail('CLUSTER_AUTHORIZATION_FAILED')
  } else {
    authorizeTransaction(services, context, transactionalId)
  }
  const hasId = request.producerId !== noProducerId
  if (hasId !== (request.producerEpoch !== noProducerEpoch)) throw fail('INVALID_REQUEST')
  if (transactionalId === null) return { producerId: transactions.newProducerId(), producerEpoch: 0 }
  if (transactionalId !== '') coordinators.require(context, 'transaction', transactionalId)
  return transactions.initProducerId({
    transactionalId,
    timeoutMs: request.transactionTimeoutMs,
    ...(hasId ? { expected: { producerId: request.producerId, producerEpoch: request.producerEpoch } } : {}),
  })
}
