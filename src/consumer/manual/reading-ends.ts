import { Deadline } from '../../base/deadline'
import { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import type { OffsetFinder } from '../offsets/offset-finder'
import type { PartitionState } from '../partition-state'
import { latestTimestamp, requireOffset } from '../start-from'
import type { ReadUntil } from './manual-assignment'

/** How far one partition was read. All are offsets: in a compacted log there are fewer messages. */
export interface PartitionProgress extends TopicPartition {
  /** Where reading started; undefined while that is being looked up. */
  readonly startOffset: bigint | undefined
  /** The next offset to read; undefined while it is being looked up. */
  readonly position: bigint | undefined
  /** Where reading ends; undefined while that is being looked up, and when it has no end. */
  readonly endOffset: bigint | undefined
  readonly isDone: boolean
}

/** How far a reading that has an end has come. */
export interface ReadProgress {
  readonly partitions: readonly PartitionProgress[]
  /** Offsets that were read, of all partitions. */
  readonly done: bigint
  /** Offsets from start to end, of all partitions. Undefined while a start or an end is not known. */
  readonly total: bigint | undefined
  /** From 0 to 1; undefined as `total` is. */
  readonly ratio: number | undefined
}

export interface ReadingEndsOptions {
  readonly cluster: Cluster
  readonly finder: OffsetFinder
  readonly timeoutMs: number
  /** The end is known: the partition can be fetched, or has nothing to fetch. */
  readonly onKnown: (state: PartitionState) => void
  readonly onFailed: (error: KafkaError) => void
}

/**
 * Knows where partitions end that are not read for ever, and which of them are not read through. It looks an end up
 * once, when reading starts; until it is known nothing of the partition is fetched.
 */
export class ReadingEnds {
  readonly #options: ReadingEndsOptions
  readonly #abort = new AbortController()
  /** Partitions with messages left to hand out, those without an end among them. */
  readonly #open = new Set<PartitionState>()
  /** Ends that could not be looked up; tried again when reading is. */
  readonly #failed = new Set<PartitionState>()

  constructor(options: ReadingEndsOptions) {
    this.#options = options
  }

  /** True when every partition was read to its end. What was handed out may still be worked on. */
  get areReached(): boolean {
    return this.#open.size === 0
  }

  /** These partitions are to be read until there. Those of one call are looked up together. */
  set(states: readonly PartitionState[], until: (state: PartitionState) => ReadUntil | undefined): void {
    const lookups: PartitionState[] = []
    for (const state of states) {
      const end = until(state)
      this.#open.add(state)
      if (end === undefined) state.endAt(undefined)
      else if (end === 'end') state.endAt(undefined, { kind: 'latest' })
      else if ('offset' in end) state.endAt(requireOffset(end.offset, 'until'))
      else state.endAt(undefined, { kind: 'timestamp', timestamp: Number(end.timestamp) })
      if (state.endQuery !== undefined) lookups.push(state)
    }
    if (lookups.length > 0) void this.#lookUp(lookups)
  }

  /** Looks up what could not be found before. */
  retry(): void {
    const failed = [...this.#failed]
    this.#failed.clear()
    if (failed.length > 0) void this.#lookUp(failed)
  }

  remove(states: readonly PartitionState[]): void {
    for (const state of states) {
      this.#open.delete(state)
      this.#failed.delete(state)
    }
  }

  /** The position was found, or has moved: it may lie behind the end, or before it again. */
  check(state: PartitionState): void {
    if (state.phase !== 'fetching' || state.endQuery !== undefined || !state.reader.isAtEnd) {
      if (state.isOwned) this.#open.add(state)
    } else this.#open.delete(state)
  }

  async #lookUp(states: readonly PartitionState[]): Promise<void> {
    const { cluster, finder, timeoutMs, onKnown, onFailed } = this.#options
    const deadline = new Deadline(cluster.clock, 'the look-up of where to end', timeoutMs, this.#abort.signal)
    const queries = states.map((state) => state.endQuery)
    try {
      const lookups = states.map(({ topic, partition }, index) => {
        const query = queries[index]
        return {
          topic,
          partition,
          timestamp: query?.kind === 'timestamp' ? BigInt(Math.ceil(query.timestamp)) : latestTimestamp,
        }
      })
      const offsets = await finder.find(lookups, deadline)
      for (const [index, state] of states.entries()) {
        // Assigned anew with another end meanwhile.
        if (state.endQuery === undefined || state.endQuery !== queries[index]) continue
        state.endAt(offsets[index])
        onKnown(state)
      }
    } catch (caught) {
      if (this.#abort.signal.aborted) return
      for (const state of states) {
        if (state.endQuery !== undefined) this.#failed.add(state)
      }
      onFailed(KafkaError.from(caught, 'The end of what is to be read could not be found'))
    }
  }

  close(): void {
    this.#abort.abort()
    this.#open.clear()
  }
}

/** How far these partitions were read. */
export function progressOf(states: readonly PartitionState[]): ReadProgress {
  const partitions = states.map((state): PartitionProgress => {
    const { topic, partition, firstOffset, reader } = state
    const isKnown = state.isPositioned
    const position = isKnown ? state.position : undefined
    const endOffset = state.endQuery === undefined ? reader.endOffset : undefined
    const isDone = isKnown && endOffset !== undefined && reader.isAtEnd
    return { topic, partition, startOffset: firstOffset, position, endOffset, isDone }
  })
  let done = 0n
  let total: bigint | undefined = 0n
  for (const { startOffset, position, endOffset } of partitions) {
    const length = lengthOf(startOffset, endOffset)
    if (startOffset !== undefined && position !== undefined && position > startOffset) {
      const read = position - startOffset
      done += length !== undefined && read > length ? length : read
    }
    total = total === undefined || length === undefined ? undefined : total + length
  }
  const ratio = total === undefined ? undefined : total === 0n ? 1 : Number(done) / Number(total)
  return { partitions, done, total, ratio }
}

function lengthOf(start: bigint | undefined, end: bigint | undefined): bigint | undefined {
  if (start === undefined || end === undefined) return undefined
  return end > start ? end - start : 0n
}
