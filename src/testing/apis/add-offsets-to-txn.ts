import { ErrorCode } from '../../base/error-codes'
import {
  addOffsetsToTxnApi,
  type AddOffsetsToTxnRequest,
  type AddOffsetsToTxnResponse,
} from '../../wire/generated/broker/add-offsets-to-txn'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { TransactionApiServices } from '../transactions/transaction-services'
import { offsetsTopic } from '../transactions/marker-delivery'
import type { TransactionCoordinator } from '../transactions/transaction-coordinator'
import { fencedCode } from './fenced-code'

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
      // Before version 2 clients don't know PRODUCER_FENCED.
      const errorCode = context.apiVersion < 2 ? fencedCode(error) : errorCodeOf(error)
      return { throttleTimeMs: context.throttleMs, errorCode }
    }
  })
}

function addOffsets(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
  request: AddOffsetsToTxnRequest,
  context: RequestContext,
): void {
  const { authorizer, coordinators } = services
  const { transactionalId, groupId, producerId, producerEpoch } = request
  if (!authorizer.allows(context, 'Write', 'TransactionalId', transactionalId)) {
    throw fail('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }
  if (!authorizer.allows(context, 'Read', 'Group', groupId)) throw fail('GROUP_AUTHORIZATION_FAILED')
  if (transactionalId !== '') coordinators.require(context, 'transaction', transactionalId)
  const offsets = { topic: offsetsTopic, partition: coordinators.partitionOf('group', groupId) }
  transactions.addPartitions({ transactionalId, producer: { producerId, producerEpoch } }, [offsets], 1)
}
