import { legacyMurmur2, murmur2 } from '../../index'
import type { ICustomPartitioner, Message, PartitionerArgs } from '../types/message'
import type { PartitionMetadata } from '../types/metadata'
import { isMissing } from '../is-missing'

/** Drops the sign: the lowest 31 bits. */
const toPositive = (value: number): number => value & 0x7fffffff

/**
 * A partitioner that keeps the partition a message names, puts a key where `hash` says, and deals out what has no key
 * in turn, from a turn that chance gives for each topic, among the partitions that have a leader.
 */
function keyPartitioner(hash: (key: Uint8Array) => number): ICustomPartitioner {
  return () => {
    const turns = new Map<string, number>()
    return ({ topic, partitionMetadata, message }: PartitionerArgs): number => {
      if (!isMissing(message.partition)) return message.partition
      const { length } = partitionMetadata
      if (!isMissing(message.key)) return toPositive(hash(bytesOf(message.key))) % length
      const turn = (turns.get(topic) ?? Math.floor(Math.random() * 0x7fffffff)) + 1
      turns.set(topic, turn)
      return partitionInTurn(partitionMetadata, toPositive(turn))
    }
  }
}

function partitionInTurn(partitions: readonly PartitionMetadata[], turn: number): number {
  let led = 0
  for (const { leader } of partitions) if (leader >= 0) led++
  if (led === 0) return turn % partitions.length
  let left = turn % led
  for (const { leader, partitionId } of partitions) {
    if (leader >= 0 && left-- === 0) return partitionId
  }
  return 0
}

function bytesOf(key: NonNullable<Message['key']>): Uint8Array {
  return Buffer.isBuffer(key) ? key : Buffer.from(String(key))
}

const defaultPartitioner = keyPartitioner(murmur2)

/** The partitioners that a producer's `createPartitioner` can be. */
export const Partitioners: {
  /** Keys as the Java client puts them. */
  DefaultPartitioner: ICustomPartitioner
  /** Keys as KafkaJS put them before its version 2. */
  LegacyPartitioner: ICustomPartitioner
  /** @deprecated the same as `DefaultPartitioner` */
  JavaCompatiblePartitioner: ICustomPartitioner
} = {
  DefaultPartitioner: defaultPartitioner,
  LegacyPartitioner: keyPartitioner(legacyMurmur2),
  JavaCompatiblePartitioner: defaultPartitioner,
}
