import { partitionsByTopic, type TopicPartition } from '../../../base/topic-partition'
import { isKafkaError } from '../../../base/errors'
import { Reader } from '../../../wire/primitives/reader'
import { Writer } from '../../../wire/primitives/writer'
import { inJavaHashOrder, javaStringHash } from '../java-hash-order'
import { type Claim, unknownGeneration } from './sticky-group'

/**
 * User data of `sticky`, version 1: what the member got last, and in which generation. It carries no version number.
 *
 *     int32 count { string topic, int32 count { int32 partition } }, int32 generation
 */
export function encodeStickyUserData(
  partitions: readonly TopicPartition[],
  generationId: number,
): Uint8Array {
  const byTopic = partitionsByTopic(partitions)
  const writer = new Writer()
  writer.writeArrayLength(byTopic.size)
  // Java groups them in a map that puts the newest first within one bucket.
  for (const topic of inJavaHashOrder([...byTopic.keys()].reverse(), javaStringHash)) {
    const list = byTopic.get(topic) as number[]
    writer.writeString(topic)
    writer.writeArrayLength(list.length)
    for (const partition of list) writer.writeInt32(partition)
  }
  writer.writeInt32(generationId)
  return writer.toBuffer()
}

/** Reads versions 1 and 0 (without generation). Data that can't be read counts as a claim of nothing. */
export function decodeStickyUserData(userData: Uint8Array | null): Claim {
  if (userData === null || userData.length === 0) return { partitions: [], generationId: undefined }
  const reader = readerOf(userData)
  try {
    const partitions: TopicPartition[] = []
    for (let topics = reader.readArrayLength(); topics > 0; topics--) {
      const topic = reader.readString()
      for (let count = reader.readArrayLength(); count > 0; count--) {
        partitions.push({ topic, partition: reader.readInt32() })
      }
    }
    return { partitions, generationId: reader.remaining() < 4 ? unknownGeneration : reader.readInt32() }
  } catch (error) {
    return unreadable(error)
  }
}

/** User data of `cooperative-sticky`: the generation alone, since the subscription lists what is owned. */
export function encodeCooperativeUserData(generationId: number): Uint8Array {
  const writer = new Writer(4)
  writer.writeInt32(generationId)
  return writer.toBuffer()
}

/** The generation; undefined when there is no user data. */
export function decodeCooperativeUserData(userData: Uint8Array | null): number | undefined {
  if (userData === null) return undefined
  try {
    return readerOf(userData).readInt32()
  } catch (error) {
    return unreadable(error).generationId
  }
}

/** Another member's data must not fail the whole group. */
function unreadable(error: unknown): Claim {
  if (!isKafkaError(error)) throw error
  return { partitions: [], generationId: unknownGeneration }
}

function readerOf(bytes: Uint8Array): Reader {
  return new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
}
