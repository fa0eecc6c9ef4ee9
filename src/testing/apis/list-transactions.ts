import { ErrorCode } from '../../base/error-codes'
import {
  listTransactionsApi,
  type ListTransactionsRequest,
  type ListTransactionsResponse,
} from '../../wire/generated/broker/list-transactions'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { TransactionApiServices } from '../transactions/transaction-services'
import type { TransactionCoordinator } from '../transactions/transaction-coordinator'
import type { TransactionMetadata } from '../transactions/transaction-metadata'
import { isTransactionState } from '../transactions/transaction-state'

/** ListTransactions (KIP-664): those this broker coordinates, by state, producer id, duration (v1), pattern (v2). */
export function listTransactionsHandler(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
): ApiHandler<ListTransactionsRequest, ListTransactionsResponse> {
  return handler(listTransactionsApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    const pattern = compilePattern(request.transactionalIdPattern)
    if (pattern === 'invalid') {
      const errorCode = ErrorCode.INVALID_REGULAR_EXPRESSION
      return { throttleTimeMs, errorCode, unknownStateFilters: [], transactionStates: [] }
    }
    const now = services.runtime.clock.wallTime()
    const found = [...transactions.all].filter(
      (it) =>
        isCoordinatedBy(services, it.transactionalId, context) &&
        matches(it, request, now) &&
        pattern?.test(it.transactionalId) !== false &&
        services.authorizer.allows(context, 'Describe', 'TransactionalId', it.transactionalId),
    )
    return {
      throttleTimeMs,
      errorCode: ErrorCode.NONE,
      unknownStateFilters: request.stateFilters.filter((name) => !isTransactionState(name)),
      transactionStates: found.map(({ transactionalId, facts }) => ({
        transactionalId,
        producerId: facts.producerId,
        transactionState: facts.state,
      })),
    }
  })
}

function matches({ facts }: TransactionMetadata, request: ListTransactionsRequest, now: number): boolean {
  const { stateFilters, producerIdFilters, durationFilter } = request
  if (producerIdFilters.length > 0 && !producerIdFilters.includes(facts.producerId)) return false
  if (stateFilters.length > 0 && !stateFilters.includes(facts.state)) return false
  return durationFilter < 0n || BigInt(Math.floor(now - facts.startTimestamp)) > durationFilter
}

/** The whole transactional id must match. */
function compilePattern(pattern: string | null): RegExp | undefined | 'invalid' {
  if (pattern === null || pattern === '') return undefined
  try {
    return new RegExp(`^(?:${pattern})$`, 'su')
  } catch {
    return 'invalid'
  }
}

function isCoordinatedBy(
  services: TransactionApiServices,
  transactionalId: string,
  context: RequestContext,
): boolean {
  try {
    return services.coordinators.find('transaction', transactionalId).brokerId === context.broker.id
  } catch {
    return false
  }
}
