import { ErrorCode } from '../../base/error-codes'
import type { BrokerError } from '../../base/errors'
import type {
  ProduceRequest,
  ProduceResponsePartitionProduceResponse,
} from '../../wire/generated/broker/produce'
import type { Partition } from '../contracts/partition'
import type { Topic } from '../contracts/topics'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { producedBatch } from '../log/produced-records'
import { RecordValidationError } from '../log/record-validation-error'
import type { RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { isTransactionalBatch, verifyTransaction } from './produce-transaction'

/** Kafka lets this client id write to internal topics: its own tools have it. */
const adminClientId = '__admin_client'
/** First version that tells of single records (KIP-467), and the one that tells the start of the log. */
const recordErrorsFrom = 8
const logStartFrom = 5

/** One partition of a Produce request, of which topic and partition are known. */
export interface ProducedPartition {
  readonly services: Services
  readonly request: ProduceRequest
  readonly context: RequestContext
  readonly topic: Topic
  readonly partition: Partition
  readonly records: Buffer | null
}

/** A partition's response, with what an acknowledgement by all replicas waits for. */
export interface AppendedPartition extends ProduceResponsePartitionProduceResponse {
  readonly lastOffset: bigint
}

/** Appends to one partition, in the order of Kafka's checks. A refusal is an answer like any other. */
export function appendProduced(produced: ProducedPartition): AppendedPartition {
  const { apiVersion } = produced.context
  let batch: Buffer
  try {
    batch = producedBatch(produced.records, apiVersion)
    checkLeader(produced)
  } catch (error) {
    return refusal(produced, error, {})
  }
  try {
    if (isTransactionalBatch(batch)) verifyTransaction(produced, batch)
  } catch (error) {
    return refusal(produced, error, { hasWords: verificationsWithWords.includes(errorCodeOf(error)) })
  }
  try {
    checkAcks(produced)
    const stored = produced.partition.append(batch, { origin: 'client', produceVersion: apiVersion })
    return {
      index: produced.partition.index,
      errorCode: ErrorCode.NONE,
      baseOffset: stored.baseOffset,
      lastOffset: stored.lastOffset,
      logAppendTimeMs: BigInt(Math.floor(stored.logAppendTime)),
      ...(apiVersion >= logStartFrom ? { logStartOffset: stored.logStartOffset } : {}),
    }
  } catch (error) {
    const hasLogStart = !withoutLogStart.includes(errorCodeOf(error))
    return refusal(produced, error, { hasLogStart, hasWords: error instanceof RecordValidationError })
  }
}

/** What became of waiting for the in-sync replicas: NONE, or why the producer cannot count on them. */
export async function whenAcknowledged(
  partition: Pick<Partition, 'whenReplicated' | 'inSyncReplicas' | 'minInSyncReplicas'>,
  lastOffset: bigint,
  timeoutMs: number,
): Promise<number> {
  try {
    await partition.whenReplicated(lastOffset, timeoutMs)
  } catch (error) {
    return errorCodeOf(error)
  }
  return partition.inSyncReplicas.length < partition.minInSyncReplicas
    ? ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND
    : ErrorCode.NONE
}

/** A partition that nothing was tried with. The words of the refusal are given on, where it has any. */
export function refusedPartition(
  index: number,
  refusal: BrokerError,
  { apiVersion }: RequestContext,
): ProduceResponsePartitionProduceResponse {
  const { errorCode, brokerMessage: errorMessage } = refusal
  const answer = { index, errorCode, baseOffset: -1n }
  return apiVersion >= recordErrorsFrom ? { ...answer, errorMessage } : answer
}

function checkLeader({ partition, context }: ProducedPartition): void {
  if (partition.leaderId !== context.broker.id) throw fail('NOT_LEADER_OR_FOLLOWER')
}

function checkAcks({ request, context, topic, partition }: ProducedPartition): void {
  const { acks } = request
  if (acks !== -1 && acks !== 0 && acks !== 1) throw fail('INVALID_REQUIRED_ACKS')
  if (topic.isInternal && context.clientId !== adminClientId) {
    throw fail('INVALID_TOPIC_EXCEPTION', `Cannot append to internal topic ${topic.name}`)
  }
  const inSync = partition.inSyncReplicas
  if (acks === -1 && inSync.length < partition.minInSyncReplicas) {
    throw fail(
      'NOT_ENOUGH_REPLICAS',
      `The size of the current ISR : ${inSync.length} is insufficient to satisfy the min.isr requirement of ` +
        `${partition.minInSyncReplicas} for partition ${partition.topic}-${partition.index}, ` +
        `live replica(s) broker.id are : [${inSync.join(', ')}]`,
    )
  }
}

/** The refusals of a transaction that Kafka's answer has words for; of most others it gives the code alone. */
const verificationsWithWords: readonly number[] = [ErrorCode.INVALID_TXN_STATE, ErrorCode.NOT_ENOUGH_REPLICAS]

/** The refusals with which Kafka's answer names no log start. */
const withoutLogStart: readonly number[] = [
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.INVALID_TOPIC_EXCEPTION,
  ErrorCode.INVALID_REQUIRED_ACKS,
]

function refusal(
  { partition, context }: ProducedPartition,
  error: unknown,
  says: { readonly hasLogStart?: boolean; readonly hasWords?: boolean },
): AppendedPartition {
  const { apiVersion } = context
  const canTell = apiVersion >= recordErrorsFrom
  return {
    index: partition.index,
    errorCode: errorCodeOf(error),
    baseOffset: -1n,
    lastOffset: -1n,
    ...(says.hasLogStart && apiVersion >= logStartFrom ? { logStartOffset: partition.logStartOffset } : {}),
    ...(says.hasWords && canTell ? { errorMessage: errorMessageOf(error) } : {}),
    ...(error instanceof RecordValidationError && canTell ? recordErrorsOf(error) : {}),
  }
}

function recordErrorsOf(
  error: RecordValidationError,
): Pick<ProduceResponsePartitionProduceResponse, 'recordErrors'> {
  return {
    recordErrors: error.recordErrors.map(({ batchIndex, message }) => ({
      batchIndex,
      batchIndexErrorMessage: message,
    })),
  }
}
