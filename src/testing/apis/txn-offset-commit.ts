import { ErrorCode } from '../../base/error-codes'
import {
  txnOffsetCommitApi,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitRequestRequestPartition,
  type TxnOffsetCommitRequestRequestTopic,
  type TxnOffsetCommitResponse,
} from '../../wire/generated/broker/txn-offset-commit'
import type { Topic } from '../contracts/topics'
import type { Group } from '../contracts/group'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { offsetToStore, validateCommit } from './commit-checks'
import { authorizeGroup, createClassicGroup, refusalCode, requireGroupId } from './group-access'
import { findTopics, isAnyPartition, partitionCode, type AskedTopic } from './offset-topics'
import { authorizeTransaction } from './transaction-access'

/**
 * TxnOffsetCommit 0 to 5. The offsets are kept until the transaction's marker comes to the group's partition.
 *
 * 2: leader epoch · 3: who the member is, so that a fenced one can't commit (KIP-447) · 4: TRANSACTION_ABORTABLE ·
 * 5: the group is added to the transaction by this (KIP-890)
 */
export function txnOffsetCommitHandler(
  services: Services,
): ApiHandler<TxnOffsetCommitRequest, TxnOffsetCommitResponse> {
  return handler(txnOffsetCommitApi, (request, context) => {
    const refusal = authorize(services, request, context)
    const topics: AskedTopic<TxnOffsetCommitRequestRequestTopic>[] =
      refusal === ErrorCode.NONE
        ? findTopics(services, context, request.topics)
        : request.topics.map((asked) => ({ asked, found: refusal }))
    const groupRefusal = isAnyPartition(topics) ? admit(services, request, topics, context) : ErrorCode.NONE
    const commit = (found: Topic | number, partition: TxnOffsetCommitRequestRequestPartition): number => {
      const code = partitionCode(found, partition.partitionIndex) || groupRefusal
      if (code !== ErrorCode.NONE || typeof found === 'number') return code
      return store(services, request, found, partition)
    }
    return {
      throttleTimeMs: context.throttleMs,
      topics: topics.map(({ asked, found }) => ({
        name: asked.name,
        partitions: asked.partitions.map((partition) => ({
          partitionIndex: partition.partitionIndex,
          errorCode: commit(found, partition),
        })),
      })),
    }
  })
}

function authorize(services: Services, request: TxnOffsetCommitRequest, context: RequestContext): number {
  try {
    authorizeTransaction(services, context, request.transactionalId)
    authorizeGroup(services, context, 'Read', request.groupId)
    return ErrorCode.NONE
  } catch (error) {
    return refusalCode(services, error)
  }
}

function admit(
  services: Services,
  request: TxnOffsetCommitRequest,
  topics: readonly AskedTopic<TxnOffsetCommitRequestRequestTopic>[],
  context: RequestContext,
): number {
  try {
    requireGroupId(request.groupId)
    services.coordinators.require(context, 'group', request.groupId)
    verifyTransaction(services, request, context)
    validateMember(services, request, topics, context)
    return ErrorCode.NONE
  } catch (error) {
    return refusalCode(services, error)
  }
}

/** Asks the transaction coordinator, and says its answer in words that a group's coordinator has. */
function verifyTransaction(
  services: Services,
  request: TxnOffsetCommitRequest,
  context: RequestContext,
): void {
  const { transactionalId, producerId, producerEpoch, groupId } = request
  const { apiVersion } = context
  const producer = { producerId, producerEpoch }
  try {
    services.transactions.verifyOffsets(transactionalId, producer, groupId, apiVersion >= 5, apiVersion >= 4)
  } catch (error) {
    switch (errorCodeOf(error)) {
      case ErrorCode.PRODUCER_FENCED:
        throw fail('INVALID_PRODUCER_EPOCH')
      case ErrorCode.NOT_ENOUGH_REPLICAS:
        throw fail('COORDINATOR_NOT_AVAILABLE')
      default:
        throw error
    }
  }
}

function validateMember(
  services: Services,
  request: TxnOffsetCommitRequest,
  topics: readonly AskedTopic<TxnOffsetCommitRequestRequestTopic>[],
  { apiVersion }: RequestContext,
): void {
  const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationOrEpoch } = request
  const existing = services.groups.get(groupId)
  if (existing === undefined && generationOrEpoch >= 0) throw fail('ILLEGAL_GENERATION')
  const group: Group = existing ?? createClassicGroup(services, groupId)
  try {
    const caller = { memberId, groupInstanceId, generationOrEpoch, isTransactional: true, apiVersion }
    validateCommit(group, caller, topics)
  } catch (error) {
    // No version up to 5 knows member epochs.
    throw errorCodeOf(error) === ErrorCode.STALE_MEMBER_EPOCH ? fail('ILLEGAL_GENERATION') : error
  }
}

function store(
  services: Services,
  request: TxnOffsetCommitRequest,
  topic: Topic,
  partition: TxnOffsetCommitRequestRequestPartition,
): number {
  const stored = offsetToStore(services, topic, partition)
  if (typeof stored === 'number') return stored
  const { producerId, groupId } = request
  services.offsets.putPending(producerId, groupId, topic.name, partition.partitionIndex, stored)
  return ErrorCode.NONE
}
