import { KafkaError } from '../base/errors'
import type {
  ProduceRequest,
  ProduceRequestPartitionProduceData,
  ProduceResponse,
  ProduceResponsePartitionProduceResponse,
} from '../wire/generated/client/produce'
import { zeroUuid } from '../wire/primitives/uuid'
import type { ProducerBatch } from './producer-batch'

/** What became of one batch in one request. */
export type ProduceOutcome =
  | { readonly kind: 'stored'; readonly baseOffset: bigint; readonly logAppendTimeMs: number }
  | { readonly kind: 'refused'; readonly response: ProduceResponsePartitionProduceResponse }
  | { readonly kind: 'lost'; readonly error: KafkaError; readonly maybeWritten: boolean }

/** One batch in one request. */
export interface OutgoingBatch {
  readonly batch: ProducerBatch
  /** The topic's id when the request was made; the zero id when it is not known. */
  readonly topicId: string
}

/** From this version on a request names topics by their ids, and only so. */
const firstVersionWithTopicIds = 13

/** The highest version that can carry these batches; undefined for the client's own highest. */
export function maxProduceVersion(outgoing: readonly OutgoingBatch[]): number | undefined {
  return outgoing.every(({ topicId }) => topicId !== zeroUuid) ? undefined : firstVersionWithTopicIds - 1
}

/** The request for one broker; at most one batch of a partition. */
export function createProduceRequest(
  outgoing: readonly OutgoingBatch[],
  options: { readonly transactionalId: string | null; readonly acks: number; readonly timeoutMs: number },
): ProduceRequest {
  const topics = new Map<
    string,
    { name: string; topicId: string; partitionData: ProduceRequestPartitionProduceData[] }
  >()
  for (const { batch, topicId } of outgoing) {
    const { topic, partition } = batch.queue
    let data = topics.get(topic)
    if (data === undefined) topics.set(topic, (data = { name: topic, topicId, partitionData: [] }))
    data.partitionData.push({ index: partition, records: batch.sealed?.bytes ?? null })
  }
  const { transactionalId, acks, timeoutMs } = options
  return { transactionalId, acks, timeoutMs, topicData: [...topics.values()] }
}

/** The outcomes in the order of `outgoing`. A partition that the broker forgot to answer is lost. */
export function outcomesOf(outgoing: readonly OutgoingBatch[], response: ProduceResponse): ProduceOutcome[] {
  const answers = answersByTopic(response)
  return outgoing.map(({ batch, topicId }) => {
    const { topic, partition } = batch.queue
    const answer = (answers.get(topic) ?? answers.get(topicId))?.get(partition)
    if (answer !== undefined) return outcomeOf(answer)
    const error = new KafkaError('INCOMPLETE_RESPONSE', 'The broker did not answer for this partition', {
      topic,
      partition,
      api: 'Produce',
      retriable: true,
    })
    return { kind: 'lost', error, maybeWritten: true }
  })
}

/** By the name or, in newer versions, by the id of the topic: a request may carry thousands of batches. */
function answersByTopic({ responses }: ProduceResponse) {
  const topics = new Map<string, Map<number, ProduceResponsePartitionProduceResponse>>()
  for (const { name, topicId, partitionResponses } of responses) {
    const topic = name === '' ? topicId : name
    const answers = topics.get(topic) ?? new Map<number, ProduceResponsePartitionProduceResponse>()
    topics.set(topic, answers)
    for (const answer of partitionResponses) answers.set(answer.index, answer)
  }
  return topics
}

function outcomeOf(response: ProduceResponsePartitionProduceResponse): ProduceOutcome {
  if (response.errorCode !== 0) return { kind: 'refused', response }
  return {
    kind: 'stored',
    baseOffset: response.baseOffset,
    logAppendTimeMs: Number(response.logAppendTimeMs),
  }
}
