import { zeroUuid } from '../../wire/primitives/uuid'

/** One partition as a Fetch asks for it. */
export interface FetchTarget {
  readonly topic: string
  /** The zero id when it is not known. */
  readonly topicId: string
  readonly partition: number
  readonly fetchOffset: bigint
  readonly currentLeaderEpoch: number
  readonly partitionMaxBytes: number
}

/**
 * Partitions that one broker is asked for, each once. In their order: the one that was set last stands at the end, so
 * that no partition is starved by the limit of an answer (C11).
 */
export class FetchTargets<Target extends FetchTarget> {
  readonly #all = new Set<Target>()
  readonly #byName = new Map<string, Map<number, Target>>()
  readonly #byId = new Map<string, Map<number, Target>>()
  #bytes = 0
  #withoutId = 0

  get size(): number {
    return this.#all.size
  }

  /** Bytes that all of them together are asked for. */
  get bytes(): number {
    return this.#bytes
  }

  /** True when each topic's id is known. */
  get haveIds(): boolean {
    return this.#withoutId === 0
  }

  [Symbol.iterator](): IterableIterator<Target> {
    return this.#all.values()
  }

  get(topic: string, partition: number): Target | undefined {
    return this.#byName.get(topic)?.get(partition)
  }

  /** As answers name partitions: versions to 12 by the name of the topic, later ones by its id with an empty name. */
  find(topic: string, topicId: string, partition: number): Target | undefined {
    return topic === '' ? this.#byId.get(topicId)?.get(partition) : this.get(topic, partition)
  }

  /** Puts the target at the end, in place of the one of the same partition, which is returned. */
  set(target: Target): Target | undefined {
    const before = this.delete(target.topic, target.partition)
    this.#all.add(target)
    this.#bytes += target.partitionMaxBytes
    if (target.topicId === zeroUuid) this.#withoutId++
    file(this.#byName, target.topic, target)
    file(this.#byId, target.topicId, target)
    return before
  }

  delete(topic: string, partition: number): Target | undefined {
    const target = this.get(topic, partition)
    if (target === undefined) return undefined
    this.#all.delete(target)
    this.#bytes -= target.partitionMaxBytes
    if (target.topicId === zeroUuid) this.#withoutId--
    unfile(this.#byName, topic, target)
    unfile(this.#byId, target.topicId, target)
    return target
  }

  clear(): void {
    this.#all.clear()
    this.#byName.clear()
    this.#byId.clear()
    this.#bytes = this.#withoutId = 0
  }
}

function file<Target extends FetchTarget>(
  index: Map<string, Map<number, Target>>,
  key: string,
  target: Target,
): void {
  const partitions = index.get(key)
  if (partitions === undefined) index.set(key, new Map([[target.partition, target]]))
  else partitions.set(target.partition, target)
}

function unfile<Target extends FetchTarget>(
  index: Map<string, Map<number, Target>>,
  key: string,
  target: Target,
): void {
  const partitions = index.get(key)
  // Topics without an id share one entry, where another topic may have taken the place.
  if (partitions?.get(target.partition) !== target) return
  partitions.delete(target.partition)
  if (partitions.size === 0) index.delete(key)
}
