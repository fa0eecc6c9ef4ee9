import { fail } from '../contracts/kafka-failure'
import type { BrokerNode } from '../contracts/brokers'

/** What replicas are placed on. */
export interface PlacementSpec {
  readonly brokers: readonly BrokerNode[]
  readonly partitions: number
  readonly replicationFactor: number
  /** A number in [0, 1). */
  readonly random: () => number
}

/**
 * Spreads replicas as Kafka's controller does: over racks first, then over the brokers of each rack, each partition
 * beginning one further; fenced brokers only get replicas when the others do not suffice, and never the first.
 * @throws INVALID_REPLICATION_FACTOR
 */
export function placeReplicas(spec: PlacementSpec): number[][] {
  checkReplicationFactor(spec)
  const racks = racksOf(spec)
  const unfenced = spec.brokers.filter((broker) => !broker.isFenced).length
  const placements: number[][] = []
  let epoch = 0
  let offset = 0
  for (let partition = 0; partition < spec.partitions; partition++) {
    // After as many partitions as brokers the same places would come again, always together.
    if (epoch === unfenced && unfenced > 1) {
      epoch = 0
      shuffle(racks, spec.random)
      for (const rack of racks) rack.shuffle(spec.random)
    }
    placements.push(placeOne(racks, offset % racks.length, epoch, spec.replicationFactor))
    epoch++
    offset++
  }
  return placements
}

function checkReplicationFactor({ brokers, partitions, replicationFactor }: PlacementSpec): void {
  const refuse = (why: string): Error =>
    fail(
      'INVALID_REPLICATION_FACTOR',
      `Unable to replicate the partition ${replicationFactor} time(s): ${why}`,
    )
  if (partitions === 0) return
  if (replicationFactor > brokers.length) {
    throw refuse(
      `The target replication factor of ${replicationFactor} cannot be reached because only ${brokers.length} broker(s) are registered or some brokers have all their log directories cordoned.`,
    )
  }
  if (brokers.every((broker) => broker.isFenced)) {
    throw refuse('All brokers are currently fenced, or have all their log directories cordoned.')
  }
}

function placeOne(racks: readonly Rack[], offset: number, epoch: number, count: number): number[] {
  const rackAt = (index: number): Rack => racks[index % racks.length] as Rack
  let first = offset
  let leader = rackAt(first).nextUnfenced(epoch)
  while (leader === undefined) leader = rackAt(++first).nextUnfenced(epoch)
  const replicas = [leader]
  // Further replicas go round the racks; a rack that has no broker left is passed over.
  for (let index = first + 1; replicas.length < count; index++) {
    const next = rackAt(index).next(epoch)
    if (next !== undefined) replicas.push(next)
  }
  return replicas
}

function racksOf({ brokers, random }: PlacementSpec): Rack[] {
  const names = [...new Set(brokers.map((broker) => broker.rack))]
  const racks = names.map((name) => new Rack(brokers.filter((broker) => broker.rack === name)))
  shuffle(racks, random)
  for (const rack of racks) rack.shuffle(random)
  return racks
}

function shuffle<T>(items: T[], random: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const [one, other] = [items[i] as T, items[j] as T]
    items[i] = other
    items[j] = one
  }
}

/** The brokers of one rack; each is given once an epoch, and each epoch begins one further. */
class Rack {
  readonly #unfenced: Turn
  readonly #fenced: Turn

  constructor(brokers: readonly BrokerNode[]) {
    this.#unfenced = new Turn(brokers.filter((broker) => !broker.isFenced).map((broker) => broker.id))
    this.#fenced = new Turn(brokers.filter((broker) => broker.isFenced).map((broker) => broker.id))
  }

  nextUnfenced(epoch: number): number | undefined {
    return this.#unfenced.next(epoch)
  }

  next(epoch: number): number | undefined {
    return this.#unfenced.next(epoch) ?? this.#fenced.next(epoch)
  }

  shuffle(random: () => number): void {
    this.#unfenced.shuffle(random)
    this.#fenced.shuffle(random)
  }
}

class Turn {
  readonly #ids: number[]
  #epoch = 0
  #offset = 0
  #index = 0

  constructor(ids: readonly number[]) {
    this.#ids = [...ids]
  }

  next(epoch: number): number | undefined {
    if (this.#ids.length === 0) return undefined
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#index = 0
      this.#offset = (this.#offset + 1) % this.#ids.length
    }
    if (this.#index >= this.#ids.length) return undefined
    return this.#ids[(this.#index++ + this.#offset) % this.#ids.length]
  }

  shuffle(random: () => number): void {
    shuffle(this.#ids, random)
    this.#epoch = 0
    this.#index = 0
    this.#offset = 0
  }
}
