import { InvalidArgumentError } from '../../base/errors'
import type { Serialized } from '../../serde/serde'
import type { RecordHeader } from '../../wire/records/record-header'
import { KafkaJsLegacyPartitioner } from './kafkajs-legacy-partitioner'
import type { PartitionChoice, Partitioner, PartitionerOption } from './partitioner'
import { RoundRobinPartitioner } from './round-robin-partitioner'

/** The partitioner of a producer; undefined for the default one, which works on bytes as they are written. */
export function createPartitioner(option: PartitionerOption, random: () => number): Partitioner | undefined {
  switch (option) {
    case 'default':
      return undefined
    case 'round-robin':
      return new RoundRobinPartitioner()
    case 'kafkajs-legacy':
      return new KafkaJsLegacyPartitioner(random)
    default:
      return typeof option === 'function' ? { partition: option } : option
  }
}

/** A message as its partitioner gets to see it. */
export interface UnplacedMessage {
  readonly topic: string
  readonly partitions: readonly PartitionChoice[]
  readonly key: Serialized
  readonly value: Serialized
  readonly headers: readonly RecordHeader[] | null
  /** Its place in its call, for errors. */
  readonly index: number
}

/** @throws InvalidArgumentError when the partitioner throws, or answers what is no partition of the topic */
export function choosePartition(partitioner: Partitioner, message: UnplacedMessage): number {
  const { topic, partitions, key, value, headers, index } = message
  let chosen: unknown
  try {
    chosen = partitioner.partition({
      topic,
      key: key === null ? null : typeof key === 'string' ? Buffer.from(key) : Uint8Array.from(key),
      value,
      headers: headers ?? [],
      partitionCount: partitions.length,
      partitions,
    })
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidArgumentError(`The partitioner failed for message ${index}: ${detail}`, { topic, cause })
  }
  if (Number.isInteger(chosen) && (chosen as number) >= 0 && (chosen as number) < partitions.length) {
    return chosen as number
  }
  throw new InvalidArgumentError(
    `The partitioner answered ${shown(chosen)} for message ${index}: it has to answer a partition from 0 to ${partitions.length - 1}`,
    { topic },
  )
}

function shown(value: unknown): string {
  if (value instanceof Promise) return 'a promise'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
