import { ConnectionError } from '../../../../src/base/errors'
import type { ProduceRequest, ProduceResponse } from '../../../../src/wire/generated/client/produce'
import type { RecordBytes } from '../../../../src/wire/primitives/writer'
import { openRecords } from '../../../../src/wire/records/open-records'
import type { RecordBatch } from '../../../../src/wire/records/record-batch'
import { readRecordBatches } from '../../../../src/wire/records/record-batch-reader'

/** A record as a broker reads it. */
export interface ReadRecord {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: { key: string; value: string | null }[]
}

/** One batch of a request, decoded. */
export interface ReceivedBatch {
  readonly topic: string
  readonly partition: number
  readonly batch: RecordBatch
  readonly records: ReadRecord[]
  readonly values: (string | null)[]
}

/** What a test answers for one partition. */
export interface Answer {
  readonly errorCode?: number
  readonly baseOffset?: bigint
  readonly logAppendTimeMs?: bigint
  readonly logStartOffset?: bigint
  readonly errorMessage?: string | null
  readonly recordErrors?: { batchIndex: number; batchIndexErrorMessage: string | null }[]
  readonly currentLeader?: { leaderId: number; leaderEpoch: number }
}

/** A Produce request that the fake cluster was asked to carry; a test, or a handler, decides what becomes of it. */
export class FakeProduce {
  readonly nodeId: number
  readonly version: number
  readonly request: ProduceRequest
  readonly batches: readonly ReceivedBatch[]
  settled = false
  readonly #resolve: (response: ProduceResponse) => void
  readonly #reject: (error: Error) => void

  constructor(
    nodeId: number,
    version: number,
    request: ProduceRequest,
    resolve: (response: ProduceResponse) => void,
    reject: (error: Error) => void,
  ) {
    this.nodeId = nodeId
    this.version = version
    this.request = request
    this.#resolve = resolve
    this.#reject = reject
    this.batches = request.topicData.flatMap((topic) =>
      topic.partitionData.map((data) => readBatch(topic.name ?? '', data.index, data.records as RecordBytes)),
    )
  }

  /** The only batch, in tests that send to one partition. */
  get only(): ReceivedBatch {
    if (this.batches.length !== 1) throw new Error(`The request has ${this.batches.length} batches`)
    return this.batches[0] as ReceivedBatch
  }

  get values(): (string | null)[] {
    return this.batches.flatMap((batch) => batch.values)
  }

  /** Answers every partition: all alike, or each by its own. */
  answer(
    answer: Answer | ((batch: ReceivedBatch) => Answer) = { baseOffset: 0n },
    nodeEndpoints: ProduceResponse['nodeEndpoints'] = [],
  ): void {
    this.settled = true
    const of = typeof answer === 'function' ? answer : () => answer
    this.#resolve({
      throttleTimeMs: 0,
      nodeEndpoints,
      responses: this.batches.map((batch) => ({
        name: this.version < 13 ? batch.topic : '',
        topicId: this.version < 13 ? 'AAAAAAAAAAAAAAAAAAAAAA' : `id-of-${batch.topic}`,
        partitionResponses: [partitionResponse(batch.partition, of(batch))],
      })),
    })
  }

  /** Answers every partition with an error. */
  refuse(errorCode: number, more: Answer = {}): void {
    this.answer({ ...more, errorCode })
  }

  /** The connection dies. */
  lose({ maybeWritten = true } = {}): void {
    this.fail(new ConnectionError('CONNECTION_LOST', 'The connection was lost', { maybeWritten }))
  }

  fail(error: Error): void {
    this.settled = true
    this.#reject(error)
  }
}

function partitionResponse(
  index: number,
  answer: Answer,
): ProduceResponse['responses'][number]['partitionResponses'][number] {
  return {
    index,
    errorCode: answer.errorCode ?? 0,
    baseOffset: answer.baseOffset ?? (answer.errorCode ? -1n : 0n),
    logAppendTimeMs: answer.logAppendTimeMs ?? -1n,
    logStartOffset: answer.logStartOffset ?? 0n,
    errorMessage: answer.errorMessage ?? null,
    recordErrors: answer.recordErrors ?? [],
    currentLeader: answer.currentLeader ?? { leaderId: -1, leaderEpoch: -1 },
  }
}

function readBatch(topic: string, partition: number, bytes: RecordBytes): ReceivedBatch {
  const pieces = bytes instanceof Uint8Array ? [bytes] : [...bytes]
  // Copied: a retry may stamp the same bytes with another identity.
  const found = readRecordBatches(Buffer.concat(pieces))
  const batch = found[0] as RecordBatch
  if (found.length !== 1 || !batch.hasValidChecksum()) throw new Error('Not one valid batch')
  const cursor = openRecords(batch)
  const records: ReadRecord[] = []
  while (cursor.next()) {
    records.push({
      key: cursor.key()?.toString() ?? null,
      value: cursor.value()?.toString() ?? null,
      timestamp: cursor.timestamp,
      headers: cursor
        .headers()
        .map((header) => ({ key: header.key, value: header.value?.toString() ?? null })),
    })
  }
  return { topic, partition, batch, records, values: records.map((record) => record.value) }
}
