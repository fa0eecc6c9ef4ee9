import type { PartitionChoice, Partitioner, PartitionerInput } from './partitioner'

interface Turns {
  /** The partitions as they were last given, and those of them that take part. */
  partitions: readonly PartitionChoice[] | undefined
  chosen: readonly PartitionChoice[]
  next: number
}

/** Takes the partitions of a topic in turn, those that have a leader; all of them while none has. */
export class PartitionTurns {
  readonly #first: () => number
  readonly #topics = new Map<string, Turns>()

  /** @param first gives the turn a topic starts with */
  constructor(first: () => number = () => 0) {
    this.#first = first
  }

  next(topic: string, partitions: readonly PartitionChoice[]): number {
    let turns = this.#topics.get(topic)
    if (turns === undefined) {
      turns = { partitions: undefined, chosen: [], next: this.#first() }
      this.#topics.set(topic, turns)
    }
    // A list stands for a state of the metadata: another state, another list.
    if (turns.partitions !== partitions) {
      const led = partitions.filter(({ leaderId }) => leaderId >= 0)
      turns.partitions = partitions
      turns.chosen = led.length === 0 ? partitions : led
    }
    const turn = turns.next
    turns.next = turn === 0x7fffffff ? 0 : turn + 1
    return (turns.chosen[turn % turns.chosen.length] as PartitionChoice).partition
  }
}

/**
 * Deals the messages of a topic out in turn, keys or not, as Java's `RoundRobinPartitioner` does. Java's asks twice where
 * a message opens a batch and so passes over partitions (KAFKA-9965); here each message takes one turn.
 */
export class RoundRobinPartitioner implements Partitioner {
  readonly #turns = new PartitionTurns()

  partition({ topic, partitions }: PartitionerInput): number {
    return this.#turns.next(topic, partitions)
  }
}
