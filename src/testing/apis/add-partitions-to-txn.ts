import { ErrorCode } from '../../base/error-codes'
import type { TopicPartition } from '../../base/topic-partition'
import {
  addPartitionsToTxnApi,
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnRequestTopic,
  type AddPartitionsToTxnRequestTransaction,
  type AddPartitionsToTxnResponse,
  type AddPartitionsToTxnResponseTopicResult,
} from '../../wire/generated/broker/add-partitions-to-txn'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { TransactionApiServices } from '../transactions/transaction-services'
import type { TransactionCoordinator } from '../transactions/transaction-coordinator'
import { fencedCode } from './fenced-code'

/**
 * AddPartitionsToTxn. Versions up to 3 come from clients, one transaction each; those above from other brokers
 * (KIP-890), which may also only ask whether the partitions are part of a transaction.
 */
export function addPartitionsToTxnHandler(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
): ApiHandler<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse> {
  return handler(addPartitionsToTxnApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    if (context.apiVersion <= 3) {
      const transaction = {
        transactionalId: request.v3AndBelowTransactionalId,
        producerId: request.v3AndBelowProducerId,
        producerEpoch: request.v3AndBelowProducerEpoch,
        verifyOnly: false,
        topics: request.v3AndBelowTopics,
      }
      const results = addOrVerify(services, transactions, transaction, context)
      return { throttleTimeMs, resultsByTopicV3AndBelow: results }
    }
    if (!services.authorizer.allows(context, 'ClusterAction', 'Cluster', clusterResource)) {
      return { throttleTimeMs, errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }
    }
    const resultsByTransaction = request.transactions.map((transaction) => ({
      transactionalId: transaction.transactionalId,
      topicResults: addOrVerify(services, transactions, transaction, context),
    }))
    return { throttleTimeMs, resultsByTransaction }
  })
}

function addOrVerify(
  services: TransactionApiServices,
  transactions: TransactionCoordinator,
  request: AddPartitionsToTxnRequestTransaction,
  context: RequestContext,
): AddPartitionsToTxnResponseTopicResult[] {
  const { transactionalId, producerId, producerEpoch, topics } = request
  const isClient = context.apiVersion <= 3
  if (isClient && !services.authorizer.allows(context, 'Write', 'TransactionalId', transactionalId)) {
    return resultsOf(topics, () => ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
  }
  const refused = refusedPartitions(services, topics, context)
  if (refused.some((code) => code !== ErrorCode.NONE)) {
    return resultsOf(topics, (i) => refused[i] || ErrorCode.OPERATION_NOT_ATTEMPTED)
  }
  const caller = { transactionalId, producer: { producerId, producerEpoch } }
  const partitions = partitionsOf(topics)
  try {
    if (transactionalId !== '') services.coordinators.require(context, 'transaction', transactionalId)
    if (request.verifyOnly) {
      const areIn = transactions.havePartitions(caller, partitions)
      // Kafka knows TRANSACTION_ABORTABLE since the release that made version 5, whatever version asks.
      const isKnown = (services.release.versionsOf(addPartitionsToTxnApi.key)?.max ?? 0) >= 5
      const code = isKnown ? ErrorCode.TRANSACTION_ABORTABLE : ErrorCode.INVALID_TXN_STATE
      return resultsOf(topics, (i) => (areIn[i] === true ? ErrorCode.NONE : code))
    }
    transactions.addPartitions(caller, partitions, isClient ? 1 : 2)
    return resultsOf(topics, () => ErrorCode.NONE)
  } catch (error) {
    const code = fencedCode(error, context, 2)
    return resultsOf(topics, () => code)
  }
}

/** The code of each partition that may not be added, in the order of the request. */
function refusedPartitions(
  services: TransactionApiServices,
  topics: readonly AddPartitionsToTxnRequestTopic[],
  context: RequestContext,
): number[] {
  return topics.flatMap(({ name, partitions }) => {
    const isAllowed =
      context.apiVersion > 3 ||
      (services.topics.byName(name)?.isInternal !== true &&
        services.authorizer.allows(context, 'Write', 'Topic', name))
    return partitions.map((partition) => {
      if (!isAllowed) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
      const exists = services.topics.partition(name, partition) !== undefined
      return exists ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    })
  })
}

function partitionsOf(topics: readonly AddPartitionsToTxnRequestTopic[]): TopicPartition[] {
  return topics.flatMap(({ name, partitions }) => partitions.map((partition) => ({ topic: name, partition })))
}

/** The response's form; `codeOf` is asked by the index of the partition in the request. */
function resultsOf(
  topics: readonly AddPartitionsToTxnRequestTopic[],
  codeOf: (index: number) => number,
): AddPartitionsToTxnResponseTopicResult[] {
  let index = 0
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: codeOf(index++),
    })),
  }))
}
