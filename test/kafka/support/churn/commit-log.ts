import type { Kafka } from 'typed-kafka'

/** One commit as the coordinator has stored it. */
export interface StoredCommit {
  readonly partition: number
  readonly offset: number
  /** When the coordinator took it, in milliseconds since 1970. */
  readonly time: number
}

/**
 * All commits of a group that its coordinator has ever stored, in their order: what members say of their commits misses
 * those whose answer they did not live to see. Read from the coordinator's own log, which nothing was compacted away from yet.
 */
export async function readCommitLog(kafka: Kafka, groupId: string): Promise<StoredCommit[]> {
  const commits: StoredCommit[] = []
  await using consumer = kafka.consumer({ assign: ['__consumer_offsets'], until: 'end' })
  await consumer.runBatches((batch) => {
    for (const { rawKey, rawValue } of batch) {
      const key = rawKey === null ? undefined : readKey(rawKey)
      if (key?.groupId === groupId && rawValue !== null) {
        commits.push({ partition: key.partition, ...readValue(rawValue) })
      }
    }
  })
  return commits
}

/** `OffsetCommitKey`: versions 0 and 1; another version is another kind of record. */
function readKey(bytes: Buffer): { readonly groupId: string; readonly partition: number } | undefined {
  if (bytes.readInt16BE(0) > 1) return undefined
  const groupEnd = 4 + bytes.readInt16BE(2)
  const topicEnd = groupEnd + 2 + bytes.readInt16BE(groupEnd)
  return { groupId: bytes.toString('utf8', 4, groupEnd), partition: bytes.readInt32BE(topicEnd) }
}

/** `OffsetCommitValue`. From version 4 on strings have their length, plus one, in a byte (these here are short). */
function readValue(bytes: Buffer): { readonly offset: number; readonly time: number } {
  const version = bytes.readInt16BE(0)
  const metadataAt = version >= 3 ? 14 : 10
  const timeAt =
    version >= 4 ? metadataAt + bytes.readUInt8(metadataAt) : metadataAt + 2 + bytes.readInt16BE(metadataAt)
  return { offset: Number(bytes.readBigInt64BE(2)), time: Number(bytes.readBigInt64BE(timeAt)) }
}
