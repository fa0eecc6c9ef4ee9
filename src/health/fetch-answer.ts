import { batchLayout, batchLengthOverhead } from '../wire/records/batch-layout'

/** A fetch that was answered, in numbers. */
export interface FetchAnswer {
  readonly nodeId: number
  readonly partitions: number
  readonly byteLength: number
  readonly latencyMs: number
  readonly throttleMs: number
}

/** What the answers to fetches of every kind have in common. */
export interface FetchedPartitions {
  readonly throttleTimeMs: number
  readonly responses: readonly {
    readonly partitions: readonly { readonly records: Buffer | null }[]
  }[]
}

/** The answer in numbers. */
export function fetchAnswerOf(
  { responses, throttleTimeMs }: FetchedPartitions,
  nodeId: number | undefined,
  latencyMs: number,
): FetchAnswer {
  let partitions = 0
  let byteLength = 0
  for (const topic of responses) {
    partitions += topic.partitions.length
    for (const { records } of topic.partitions) byteLength += records?.length ?? 0
  }
  return { nodeId: nodeId ?? -1, partitions, byteLength, latencyMs, throttleMs: throttleTimeMs }
}

/** Records of an answer, by the headers of whole batches; in the formats before Kafka 0.11 an entry counts as one. */
export function countRecords({ responses }: FetchedPartitions): number {
  let count = 0
  for (const { partitions } of responses) {
    for (const { records } of partitions) if (records !== null) count += recordsIn(records)
  }
  return count
}

function recordsIn(records: Buffer): number {
  let count = 0
  let at = 0
  while (records.length - at >= batchLayout.records) {
    const end = at + batchLengthOverhead + records.readInt32BE(at + batchLayout.batchLength)
    // The broker cuts at its limit, and damage is for the reader to tell of.
    if (end <= at + batchLengthOverhead || end > records.length) break
    count += records[at + batchLayout.magic] === 2 ? records.readInt32BE(at + batchLayout.recordsCount) : 1
    at = end
  }
  return count
}
