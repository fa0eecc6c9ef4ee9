import type { ApiHandler } from '../contracts/api-handler'
import type { TransactionApiServices } from '../transactions/transaction-services'
import type { TransactionCoordinator } from '../transactions/transaction-coordinator'
import { addOffsetsToTxnHandler } from './add-offsets-to-txn'
import { addPartitionsToTxnHandler } from './add-partitions-to-txn'
import { describeTransactionsHandler } from './describe-transactions'
import { endTxnHandler } from './end-txn'
import { initProducerIdHandler } from './init-producer-id'
import { listTransactionsHandler } from './list-transactions'
import { writeTxnMarkersHandler } from './write-txn-markers'

/** What answers the APIs of producers' ids and transactions. */
export function transactionHandlers(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
): readonly ApiHandler[] {
  return [
    initProducerIdHandler(services, transactions),
    addPartitionsToTxnHandler(services, transactions),
    addOffsetsToTxnHandler(services, transactions),
    endTxnHandler(services, transactions),
    writeTxnMarkersHandler(services),
    describeTransactionsHandler(services, transactions),
    listTransactionsHandler(services, transactions),
  ]
}
