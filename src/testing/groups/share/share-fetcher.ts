import type { Partition } from '../../contracts/partition'
import { errorCodeOf } from '../../contracts/kafka-failure'
import type { StoredBatch } from '../../contracts/partition-log'
import type { RequestContext } from '../../contracts/api-handler'
import type { Services } from '../../contracts/services'
import type { AcquiredRange } from './acquisition'
import type { SharePartition } from './share-partition'
import { abortedAmong, batchesFrom, readLimit, requireLedPartition } from './share-reader'
import type { SharePartitionRef } from './share-sessions'
import type { ShareStates } from './share-states'

/** What a member asks for with one ShareFetch. */
export interface ShareFetchOptions {
  readonly groupId: string
  readonly memberId: string
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly maxRecords: number
  readonly batchSize: number
  /** KIP-1206. */
  readonly isStrict: boolean
  /** Which partition is looked at first; moves with each request, so that none starves. */
  readonly turn: number
}

/** What one fetch gave of a partition. */
export interface FetchedSharePartition {
  readonly ref: SharePartitionRef
  readonly errorCode: number
  readonly records: readonly Buffer[]
  readonly acquired: readonly AcquiredRange[]
}

interface Readable {
  readonly ref: SharePartitionRef
  readonly partition: Partition
  readonly state: SharePartition
}

/** Gets records for members of share groups: what was released first, then what is new; waits while there is nothing. */
export class ShareFetcher {
  readonly #services: Services
  readonly #states: ShareStates

  constructor(services: Services, states: ShareStates) {
    this.#services = services
    this.#states = states
  }

  /** Undefined when the connection ended meanwhile. */
  async fetch(
    refs: readonly SharePartitionRef[],
    options: ShareFetchOptions,
    context: RequestContext,
  ): Promise<readonly FetchedSharePartition[] | undefined> {
    if (options.maxRecords <= 0 || refs.length === 0) return []
    const { clock } = this.#services.runtime
    const deadline = clock.now() + options.maxWaitMs
    for (;;) {
      const { failed, readable } = this.#look(refs, options, context)
      const left = deadline - clock.now()
      if (failed.length > 0 || left <= 0 || this.#hasEnough(readable, options)) {
        return [...failed, ...this.#take(readable, options)]
      }
      await this.#untilChange(refs, left, context.session.ended)
      if (context.session.ended.aborted) return undefined
    }
  }

  /** Partitions that nobody initialized yet are neither: they are waited for. */
  #look(refs: readonly SharePartitionRef[], { groupId }: ShareFetchOptions, context: RequestContext) {
    const failed: FetchedSharePartition[] = []
    const readable: Readable[] = []
    for (const ref of refs) {
      try {
        const partition = requireLedPartition(this.#services, context, ref)
        const state = this.#states.serve(groupId, partition)
        if (state !== undefined) readable.push({ ref, partition, state })
      } catch (error) {
        failed.push({ ref, errorCode: errorCodeOf(error), records: [], acquired: [] })
      }
    }
    return { failed, readable }
  }

  #hasEnough(readable: readonly Readable[], { groupId, minBytes, maxBytes }: ShareFetchOptions): boolean {
    let bytes = 0
    for (const { partition, state } of readable) {
      if (!state.canAcquire) continue
      if (state.hasReleased) return true
      const upTo = readLimit(this.#services, groupId, partition)
      if (state.nextFetchOffset >= upTo) continue
      for (const batch of batchesFrom(partition.leaderLog, state.nextFetchOffset, upTo, maxBytes)) {
        bytes += batch.bytes.length
      }
    }
    return bytes > 0 && bytes >= minBytes
  }

  #take(readable: readonly Readable[], options: ShareFetchOptions): FetchedSharePartition[] {
    const turn = readable.length === 0 ? 0 : options.turn % readable.length
    const maxBytes = Math.floor(options.maxBytes / Math.max(1, readable.length))
    let maxRecords = options.maxRecords
    return [...readable.slice(turn), ...readable.slice(0, turn)].map((one) => {
      const fetched = this.#takeFrom(one, { ...options, maxBytes, maxRecords })
      for (const { firstOffset, lastOffset } of fetched.acquired)
        maxRecords -= Number(lastOffset - firstOffset) + 1
      return fetched
    })
  }

  #takeFrom({ ref, partition, state }: Readable, options: ShareFetchOptions): FetchedSharePartition {
    const { groupId, maxRecords } = options
    if (maxRecords <= 0 || !state.canAcquire) return { ref, errorCode: 0, records: [], acquired: [] }
    const { leaderLog } = partition
    const upTo = readLimit(this.#services, groupId, partition)
    const batches = batchesFrom(leaderLog, state.nextFetchOffset, upTo, options.maxBytes)
    const aborted = abortedAmong(this.#services, groupId, leaderLog, batches)
    const acquired = state.acquire({ ...options, batches, isAborted: (batch) => aborted.has(batch) })
    return { ref, errorCode: 0, records: piecesOf(batches, acquired), acquired }
  }

  #untilChange(refs: readonly SharePartitionRef[], ms: number, ended: AbortSignal): Promise<void> {
    const { topics, runtime } = this.#services
    return new Promise((resolve) => {
      const unwatch: (() => void)[] = []
      const done = (): void => {
        for (const one of unwatch) one()
        resolve()
      }
      const timer = runtime.clock.setTimer(ms, done)
      timer.unref?.()
      ended.addEventListener('abort', done, { once: true })
      unwatch.push(
        () => timer.cancel(),
        () => ended.removeEventListener('abort', done),
        this.#states.watch(done),
      )
      for (const { topicId, partition } of refs) {
        const found = topics.byId(topicId)?.partitions[partition]
        if (found !== undefined) unwatch.push(found.watch(done))
      }
    })
  }
}

/** The batches from the first to the last that the member got records of. */
function piecesOf(batches: readonly StoredBatch[], acquired: readonly AcquiredRange[]): Buffer[] {
  const first = acquired[0]
  const last = acquired.at(-1)
  if (first === undefined || last === undefined) return []
  return batches
    .filter((batch) => batch.lastOffset >= first.firstOffset && batch.baseOffset <= last.lastOffset)
    .map(({ bytes }) => bytes)
}
