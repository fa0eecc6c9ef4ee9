import type { HeaderInput } from '../../serde/headers'

/** A partition of the message's topic. */
export interface PartitionChoice {
  readonly partition: number
  /** -1 while there is no leader: what is sent there waits for one. */
  readonly leaderId: number
}

/** What a partitioner knows of a message that names no partition itself. Everything is as it will be sent. */
export interface PartitionerInput {
  readonly topic: string
  /** A copy of the key's bytes; null for none. A key of no bytes is a key. */
  readonly key: Uint8Array | null
  /** Text where the value's serde gives text. */
  readonly value: Uint8Array | string | null
  readonly headers: readonly { readonly key: string; readonly value: HeaderInput }[]
  readonly partitionCount: number
  /** All partitions, by their number. */
  readonly partitions: readonly PartitionChoice[]
}

/**
 * Chooses the partition of a message: a whole number from 0 to `partitionCount` - 1, at once. Asked once a message: a
 * retry stays where the message went first. What it throws, and a wrong number, rejects the `send`.
 */
export type PartitionerFunction = (input: PartitionerInput) => number

/** A partitioner with state of its own. */
export interface Partitioner {
  partition(input: PartitionerInput): number
}

/** A way of choosing partitions, by name or as one's own. */
export type PartitionerOption =
  'default' | 'round-robin' | 'kafkajs-legacy' | PartitionerFunction | Partitioner
