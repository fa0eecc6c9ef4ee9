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

/** The place of one partition: it stays while its target is replaced by the next one, answer by answer. */
interface Place<Target> {
  target: Target
  before: Place<Target> | undefined
  after: Place<Target> | undefined
}

type Places<Target> = Map<string, Map<number, Place<Target>>>

/**
 * Partitions that one broker is asked for, each once. In their order: the one that was set last stands at the end, so
 * that no partition is starved by the limit of an answer (C11).
 */
export class FetchTargets<Target extends FetchTarget> {
  readonly #byName: Places<Target> = new Map()
  readonly #byId: Places<Target> = new Map()
  #first: Place<Target> | undefined
  #last: Place<Target> | undefined
  #size = 0
  #bytes = 0
  #withoutId = 0

  get size(): number {
    return this.#size
  }

  /** Bytes that all of them together are asked for. */
  get bytes(): number {
    return this.#bytes
  }

  /** True when each topic's id is known. */
  get haveIds(): boolean {
    return this.#withoutId === 0
  }

  *[Symbol.iterator](): Generator<Target> {
    for (let place = this.#first; place !== undefined; place = place.after) yield place.target
  }

  get(topic: string, partition: number): Target | undefined {
    return this.#byName.get(topic)?.get(partition)?.target
  }

  /** As answers name partitions: versions to 12 by the name of the topic, later ones by its id with an empty name. */
  find(topic: string, topicId: string, partition: number): Target | undefined {
    return topic === '' ? this.#byId.get(topicId)?.get(partition)?.target : this.get(topic, partition)
  }

  /** Puts the target at the end, in place of the one of the same partition, which is returned. */
  set(target: Target): Target | undefined {
    const place = this.#byName.get(target.topic)?.get(target.partition)
    if (place === undefined) {
      this.#add(target)
      return undefined
    }
    const before = place.target
    if (before.topicId !== target.topicId) {
      this.delete(before.topic, before.partition)
      this.#add(target)
      return before
    }
    place.target = target
    this.#bytes += target.partitionMaxBytes - before.partitionMaxBytes
    if (place !== this.#last) {
      this.#unlink(place)
      this.#append(place)
    }
    return before
  }

  #add(target: Target): void {
    const place: Place<Target> = { target, before: undefined, after: undefined }
    this.#append(place)
    this.#size++
    this.#bytes += target.partitionMaxBytes
    if (target.topicId === zeroUuid) this.#withoutId++
    file(this.#byName, target.topic, place)
    file(this.#byId, target.topicId, place)
  }

  delete(topic: string, partition: number): Target | undefined {
    const place = this.#byName.get(topic)?.get(partition)
    if (place === undefined) return undefined
    const { target } = place
    this.#unlink(place)
    this.#size--
    this.#bytes -= target.partitionMaxBytes
    if (target.topicId === zeroUuid) this.#withoutId--
    unfile(this.#byName, topic, place)
    unfile(this.#byId, target.topicId, place)
    return target
  }

  clear(): void {
    if (this.#size === 0) return
    this.#byName.clear()
    this.#byId.clear()
    this.#first = this.#last = undefined
    this.#size = this.#bytes = this.#withoutId = 0
  }

  #append(place: Place<Target>): void {
    place.before = this.#last
    if (this.#last === undefined) this.#first = place
    else this.#last.after = place
    this.#last = place
  }

  #unlink(place: Place<Target>): void {
    const { before, after } = place
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    place.before = place.after = undefined
  }
}

function file<Target extends FetchTarget>(index: Places<Target>, key: string, place: Place<Target>): void {
  const partitions = index.get(key)
  if (partitions === undefined) index.set(key, new Map([[place.target.partition, place]]))
  else partitions.set(place.target.partition, place)
}

function unfile<Target extends FetchTarget>(index: Places<Target>, key: string, place: Place<Target>): void {
  const partitions = index.get(key)
  const { partition } = place.target
  // Topics without an id share one entry, where another topic may have taken the place.
  if (partitions?.get(partition) !== place) return
  partitions.delete(partition)
  if (partitions.size === 0) index.delete(key)
}
