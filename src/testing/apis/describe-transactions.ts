import { ErrorCode } from '../../base/error-codes'
import { partitionsByTopic } from '../../base/topic-partition'
import {
  describeTransactionsApi,
  type DescribeTransactionsRequest,
  type DescribeTransactionsResponse,
  type DescribeTransactionsResponseTransactionState,
} from '../../wire/generated/broker/describe-transactions'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { TransactionApiServices } from '../transactions/transaction-services'
import type { TransactionCoordinator } from '../transactions/transaction-coordinator'

/** DescribeTransactions (KIP-664): state, producer and partitions of transactional ids that this broker coordinates. */
export function describeTransactionsHandler(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
): ApiHandler<DescribeTransactionsRequest, DescribeTransactionsResponse> {
  return handler(describeTransactionsApi, (request, context) => {
    const transactionStates = request.transactionalIds.map((transactionalId) => {
      try {
        return describe(services, transactions, transactionalId, context)
      } catch (error) {
        return refused(transactionalId, errorCodeOf(error))
      }
    })
    return { throttleTimeMs: context.throttleMs, transactionStates }
  })
}

function describe(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
  transactionalId: string,
  context: RequestContext,
): DescribeTransactionsResponseTransactionState {
  const { authorizer, coordinators } = services
  if (!authorizer.allows(context, 'Describe', 'TransactionalId', transactionalId)) {
    throw fail('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }
  if (transactionalId === '') throw fail('INVALID_REQUEST')
  coordinators.require(context, 'transaction', transactionalId)
  const transaction = transactions.get(transactionalId)
  if (transaction === undefined) throw fail('TRANSACTIONAL_ID_NOT_FOUND')
  const topics = [...partitionsByTopic(transaction.partitions)].filter(([topic]) =>
    authorizer.allows(context, 'Describe', 'Topic', topic),
  )
  const { facts } = transaction
  return {
    errorCode: ErrorCode.NONE,
    transactionalId,
    transactionState: facts.state,
    transactionTimeoutMs: facts.timeoutMs,
    transactionStartTimeMs: BigInt(Math.floor(facts.startTimestamp)),
    producerId: facts.producerId,
    producerEpoch: facts.producerEpoch,
    topics: topics.map(([topic, partitions]) => ({ topic, partitions })),
  }
}

function refused(transactionalId: string, errorCode: number): DescribeTransactionsResponseTransactionState {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0n,
    producerId: 0n,
    producerEpoch: 0,
    topics: [],
  }
}
