import { ErrorCode } from '../../base/error-codes'
import { BrokerError } from '../../base/errors'
import {
  produceApi,
  type ProduceRequest,
  type ProduceRequestTopicProduceData,
  type ProduceResponse,
  type ProduceResponseNodeEndpoint,
  type ProduceResponsePartitionProduceResponse,
  type ProduceResponseTopicProduceResponse,
} from '../../wire/generated/broker/produce'
import type { Partition } from '../contracts/partition'
import { fail } from '../contracts/kafka-failure'
import { firstTransactionsV2Produce } from '../log/producer-rules'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { appendProduced, refusedPartition, whenAcknowledged } from './produce-append'
import { checkTransaction } from './produce-transaction'

/** First version that names topics by their ids (KIP-516). */
const topicIdsFrom = 13
/** First version that tells who leads instead (KIP-951). */
const leaderHintsFrom = 10

/** Answers producers. With acks 0 nothing is answered, and a refusal closes the connection. */
export function produceHandler(services: Services): ApiHandler<ProduceRequest, ProduceResponse> {
  return handler(produceApi, async (request, context) => {
    const refusal = refusalOfAll(services, request, context)
    if (refusal === undefined) await lastTransactionOf(services, request, context)
    // All partitions are appended to before any is waited for.
    const responses = await Promise.all(
      request.topicData.map(async (data) =>
        refusal === undefined
          ? produceToTopic(services, data, request, context)
          : refusedTopic(data, refusal, context),
      ),
    )
    const throttleTimeMs = services.quotas.record(context, 'produce', bytesOf(request))
    context.throttleMs = Math.max(context.throttleMs, throttleTimeMs)
    if (request.acks === 0) {
      if (responses.some(hasError)) context.closeConnection = true
      return undefined
    }
    const nodeEndpoints = leaderEndpoints(services, responses)
    const response = { responses, throttleTimeMs: context.throttleMs }
    return nodeEndpoints.length > 0 ? { ...response, nodeEndpoints } : response
  })
}

/** The next transaction begins by producing, although the last one may still be ending: Kafka waits a little. */
async function lastTransactionOf(
  { transactions }: Services,
  { transactionalId }: ProduceRequest,
  { apiVersion }: RequestContext,
): Promise<void> {
  if (transactionalId === null || apiVersion < firstTransactionsV2Produce) return
  await transactions.whenEnded?.(transactionalId)
}

/** What all partitions are refused with before any of them is looked at. */
function refusalOfAll(
  services: Services,
  request: ProduceRequest,
  context: RequestContext,
): BrokerError | undefined {
  try {
    checkTransaction(request, (id) => services.authorizer.allows(context, 'Write', 'TransactionalId', id))
    return undefined
  } catch (error) {
    if (error instanceof BrokerError) return error
    throw error
  }
}

async function produceToTopic(
  services: Services,
  data: ProduceRequestTopicProduceData,
  request: ProduceRequest,
  context: RequestContext,
): Promise<ProduceResponseTopicProduceResponse> {
  const byId = context.apiVersion >= topicIdsFrom
  const topic = byId ? services.topics.byId(data.topicId) : services.topics.byName(data.name)
  if (byId && topic === undefined) return refusedTopic(data, fail('UNKNOWN_TOPIC_ID'), context)
  if (!services.authorizer.allows(context, 'Write', 'Topic', topic?.name ?? data.name)) {
    return refusedTopic(data, fail('TOPIC_AUTHORIZATION_FAILED'), context)
  }
  const answers = data.partitionData.map(async ({ index, records }) => {
    const partition = topic?.partitions[index]
    if (topic === undefined || partition === undefined) {
      return refusedPartition(index, fail('UNKNOWN_TOPIC_OR_PARTITION'), context)
    }
    const response = appendProduced({ services, request, context, topic, partition, records })
    const mustWait = request.acks === -1 && response.errorCode === ErrorCode.NONE
    if (!mustWait) return withLeader(response, partition, context)
    const { lastOffset } = response
    const errorCode = await whenAcknowledged(partition, lastOffset, request.timeoutMs)
    return withLeader({ ...response, errorCode }, partition, context)
  })
  return { ...nameOf(data, context), partitionResponses: await Promise.all(answers) }
}

/** Tells a producer that asked the wrong broker who leads. */
function withLeader(
  response: ProduceResponsePartitionProduceResponse,
  { leaderId, leaderEpoch }: Partition,
  context: RequestContext,
): ProduceResponsePartitionProduceResponse {
  const isMisled = response.errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER
  if (!isMisled || context.apiVersion < leaderHintsFrom) return response
  return { ...response, currentLeader: { leaderId, leaderEpoch } }
}

function leaderEndpoints(
  services: Services,
  responses: readonly ProduceResponseTopicProduceResponse[],
): ProduceResponseNodeEndpoint[] {
  const endpoints = new Map<number, ProduceResponseNodeEndpoint>()
  for (const { partitionResponses } of responses) {
    for (const { currentLeader } of partitionResponses) {
      const node = services.brokers.get(currentLeader?.leaderId ?? -1)
      if (node === undefined || node.isFenced) continue
      const { id, host, port, rack } = node
      endpoints.set(id, { nodeId: id, host, port, rack })
    }
  }
  return [...endpoints.values()]
}

function refusedTopic(
  data: ProduceRequestTopicProduceData,
  refusal: BrokerError,
  context: RequestContext,
): ProduceResponseTopicProduceResponse {
  const partitionResponses = data.partitionData.map(({ index }) => refusedPartition(index, refusal, context))
  return { ...nameOf(data, context), partitionResponses }
}

function nameOf(
  data: ProduceRequestTopicProduceData,
  context: RequestContext,
): { readonly name: string } | { readonly topicId: string } {
  return context.apiVersion >= topicIdsFrom ? { topicId: data.topicId } : { name: data.name }
}

function hasError(topic: ProduceResponseTopicProduceResponse): boolean {
  return topic.partitionResponses.some(({ errorCode }) => errorCode !== ErrorCode.NONE)
}

function bytesOf(request: ProduceRequest): number {
  let bytes = 0
  for (const { partitionData } of request.topicData) {
    for (const { records } of partitionData) bytes += records?.length ?? 0
  }
  return bytes
}
