import { ErrorCode } from '../../base/error-codes'
import {
  addOffsetsToTxnApi,
  type AddOffsetsToTxnRequest,
  type AddOffsetsToTxnResponse,
} from '../../wire/generated/broker/add-offsets-to-txn'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { TransactionApiServices } from '../transactions/transaction-services'
import { offsetsTopic } from '../transactions/marker-delivery'
import type { TransactionCoordinator } from '../transactions/transaction-coordinator'
import { fencedCode } from './fenced-code'
import { authorizeGroup } from './group-access'
import { authorizeTransaction } from './transaction-access'

/** AddOffsetsToTxn: makes the offsets of a group part of a transaction, as their partition of `__consumer_offsets`. */
export function addOffsetsToTxnHandler(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
): ApiHandler<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse> {
  return handler(addOffsetsToTxnApi, (request, context) => {
    try {
      addOffsets(services, transactions, request, context)
      return { throttleTimeMs: context.throttleMs, errorCode: ErrorCode.NONE }
    } catch (error) {
      return { throttleTimeMs: context.throttleMs, errorCode: fencedCode(error, context, 2) }
    }
  })
}

function addOffsets(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
  request: AddOffsetsToTxnRequest,
  context: RequestContext,
): void {
  const { coordinators } = services
  const { transactionalId, groupId, producerId, producerEpoch } = request
  authorizeTransaction(services, context, transactionalId)
  authorizeGroup(services, context, 'Read', groupId)
  if (transactionalId !== '') coordinators.require(context, 'transaction', transactionalId)
  const offsets = { topic: offsetsTopic, partition: coordinators.partitionOf('group', groupId) }
  transactions.addPartitions({ transactionalId, producer: { producerId, producerEpoch } }, [offsets], 1)
}
