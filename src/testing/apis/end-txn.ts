import { ErrorCode } from '../../base/error-codes'
import { endTxnApi, type EndTxnRequest, type EndTxnResponse } from '../../wire/generated/broker/end-txn'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { TransactionApiServices } from '../transactions/transaction-services'
import type { TransactionCoordinator } from '../transactions/transaction-coordinator'
import type { ProducerIdAndEpoch } from '../contracts/transactions'
import { fencedCode } from './fenced-code'
import { authorizeTransaction } from './transaction-access'

/** EndTxn: commit or abort. From version 5 on (KIP-890) the answer says with which id and epoch to go on. */
export function endTxnHandler(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
): ApiHandler<EndTxnRequest, EndTxnResponse> {
  return handler(endTxnApi, (request, context) => {
    try {
      const { producerId, producerEpoch } = end(services, transactions, request, context)
      return { throttleTimeMs: context.throttleMs, errorCode: ErrorCode.NONE, producerId, producerEpoch }
    } catch (error) {
      return { throttleTimeMs: context.throttleMs, errorCode: fencedCode(error, context, 2) }
    }
  })
}

function end(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
  request: EndTxnRequest,
  context: RequestContext,
): ProducerIdAndEpoch {
  const { transactionalId, producerId, producerEpoch, committed } = request
  authorizeTransaction(services, context, transactionalId)
  if (transactionalId !== '') services.coordinators.require(context, 'transaction', transactionalId)
  const protocol = context.apiVersion >= 5 ? 2 : 1
  return transactions.end(transactionalId, { producer: { producerId, producerEpoch }, committed }, protocol)
}
