import { toPositive } from '../../wire/murmur2'
import { legacyMurmur2 } from './legacy-murmur2'
import type { Partitioner, PartitionerInput } from './partitioner'
import { PartitionTurns } from './round-robin-partitioner'

/**
 * Puts keys where KafkaJS's `LegacyPartitioner` puts them, which was its default before version 2, so that a service
 * that moves away from it keeps each key's partition. Messages without a key are dealt out in turn.
 */
export class KafkaJsLegacyPartitioner implements Partitioner {
  readonly #turns: PartitionTurns

  /** @param random gives a number in [0, 1) */
  constructor(random: () => number) {
    this.#turns = new PartitionTurns(() => Math.floor(random() * 0x7fffffff))
  }

  partition({ topic, key, partitionCount, partitions }: PartitionerInput): number {
    if (key === null) return this.#turns.next(topic, partitions)
    return toPositive(legacyMurmur2(key)) % partitionCount
  }
}
