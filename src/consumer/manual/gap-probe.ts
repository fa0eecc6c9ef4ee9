import type { Timer } from '../../base/clock'
import { ErrorCode } from '../../base/error-codes'
import { KafkaError } from '../../base/errors'
import type { Cluster } from '../../cluster/cluster'
import { fetchApi } from '../../wire/generated/client/fetch'
import { zeroUuid } from '../../wire/primitives/uuid'
import type { PartitionState } from '../partition-state'

export interface GapProbeOptions {
  readonly cluster: Cluster
  readonly isolationLevel: 0 | 1
  /** How long a partition waits for data before it is looked whether there is any. */
  readonly patienceMs: number
  /** There is nothing left before the end; the position is now there. */
  readonly onPassed: (state: PartitionState) => void
}

/** The first version that names topics by id. */
const firstVersionWithTopicIds = 13
/** The epoch of a request that opens no session. */
const noSessionEpoch = -1

let probeCount = 0

/**
 * Finds out whether a log has anything left between the position and the offset where reading is to end. Compaction may
 * have removed the last records before that end, and that nothing comes does not say so: brokers also leave a
 * partition out when their answer is full. A partition that is asked for by itself is never left out (KIP-74).
 */
export class GapProbe {
  readonly #options: GapProbeOptions
  readonly #connection = `probe:${++probeCount}`
  readonly #abort = new AbortController()
  /** Partitions that wait for data, each with the position that it waits at. */
  readonly #waiting = new Map<PartitionState, bigint>()
  readonly #running = new Set<PartitionState>()
  #timer: Timer | undefined

  constructor(options: GapProbeOptions) {
    this.#options = options
  }

  /** Everything that was fetched was handed out, and the end is not reached. */
  watch(state: PartitionState): void {
    if (this.#abort.signal.aborted || this.#running.has(state)) return
    this.#waiting.set(state, state.reader.position)
    this.#arm()
  }

  #arm(): void {
    const { cluster, patienceMs } = this.#options
    this.#timer ??= cluster.clock.setTimer(patienceMs, () => {
      this.#timer = undefined
      this.#look()
    })
  }

  #look(): void {
    for (const [state, position] of this.#waiting) {
      if (!state.isOwned || state.reader.endOffset === undefined || state.reader.isAtEnd) {
        this.#waiting.delete(state)
        continue
      }
      if (!state.reader.isDrained || state.reader.position !== position || state.phase !== 'fetching') {
        this.#waiting.set(state, state.reader.position)
        continue
      }
      // A log that is shorter than that may still grow.
      if (state.reader.endOffset <= this.#readableEnd(state)) void this.#probe(state)
    }
    if (this.#waiting.size > 0) this.#arm()
  }

  #readableEnd({ lastStableOffset, highWatermark }: PartitionState): bigint {
    return this.#options.isolationLevel === 1 ? lastStableOffset : highWatermark
  }

  async #probe(state: PartitionState): Promise<void> {
    const { token, fetchOffset } = state
    const endOffset = state.reader.endOffset as bigint
    if (this.#running.has(state)) return
    this.#running.add(state)
    try {
      const isGap = await this.#isEmptyFrom(state)
      const isCurrent = state.token === token && state.fetchOffset === fetchOffset && state.reader.isDrained
      if (!isGap || !isCurrent) return
      state.passTo(endOffset)
      this.#waiting.delete(state)
      this.#options.onPassed(state)
    } catch (caught) {
      const reason = KafkaError.from(caught).message
      this.#options.cluster.logger.debug('It could not be seen whether a log has anything left', { reason })
    } finally {
      this.#running.delete(state)
    }
  }

  /** Asks the leader for one batch at the position. */
  async #isEmptyFrom({ topic, partition, fetchOffset }: PartitionState): Promise<boolean> {
    const { cluster, isolationLevel } = this.#options
    const { metadata } = cluster
    const leader = metadata.partition(topic, partition)
    if (leader === undefined || leader.leaderId < 0) return false
    const topicId = metadata.topic(topic)?.topicId ?? zeroUuid
    const asked = { partition, fetchOffset, currentLeaderEpoch: leader.leaderEpoch, partitionMaxBytes: 1 }
    const request = {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1,
      isolationLevel,
      sessionId: 0,
      sessionEpoch: noSessionEpoch,
      topics: [{ topic, topicId, partitions: [asked] }],
      forgottenTopicsData: [],
    }
    const response = await cluster.send(leader.leaderId, fetchApi, request, {
      connection: this.#connection,
      signal: this.#abort.signal,
      ...(topicId === zeroUuid && { maxVersion: firstVersionWithTopicIds - 1 }),
    })
    const data = response.responses[0]?.partitions[0]
    if (response.errorCode !== ErrorCode.NONE || data?.errorCode !== ErrorCode.NONE) return false
    return data.records === null || data.records.length === 0
  }

  close(): void {
    this.#abort.abort()
    this.#timer?.cancel()
    this.#timer = undefined
    this.#waiting.clear()
    this.#options.cluster.closeConnections(this.#connection)
  }
}
