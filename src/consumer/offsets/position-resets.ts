import type { OffsetResetEvent } from '../../base/diagnostics'
import { KafkaError } from '../../base/errors'
import { formatTopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import type { EventOutlet } from '../../health/event-outlet'
import type { PartitionState } from '../partition-state'
import { type PositionQuery, queryOfStartFrom, type StartFrom } from '../start-from'

/** Where reading goes on when its position is not in the log any more. */
export type OutOfRangePolicy = 'startFrom' | 'lastTimestamp'

export interface PositionResetsOptions {
  readonly cluster: Cluster
  readonly groupId: string | null
  /** Where the event of a reset goes. */
  readonly outlet: EventOutlet<OffsetResetEvent>
  readonly policy: OutOfRangePolicy
  readonly startFrom: (state: PartitionState) => StartFrom
  /** The position is to be looked up. */
  readonly onLocating: () => void
  /** The position is known. */
  readonly onPosition: (state: PartitionState) => void
  readonly onError: (error: KafkaError) => void
}

/**
 * What happens when the position of a partition has fallen out of its log: by retention, by records that were deleted,
 * or because an unclean election lost them (KIP-320). Messages may be missing then, so it is never silent: it is logged,
 * published, or raised as an error where nothing says how to go on (F7).
 */
export class PositionResets {
  readonly #options: PositionResetsOptions
  /** What was published of a reset whose new position is still being looked up. */
  readonly #open = new WeakMap<PartitionState, { readonly event: OffsetResetEvent; readonly token: number }>()

  constructor(options: PositionResetsOptions) {
    this.#options = options
  }

  /** The leader says that the position is not in its log. */
  handleOutOfRange(state: PartitionState): void {
    const { cluster, startFrom } = this.#options
    const { topic, partition, fetchOffset, logStartOffset, highWatermark } = state
    const query = this.#queryOf(state, startFrom(state))
    if (query === undefined) {
      const text = `Offset ${fetchOffset} is not in the log, and startFrom does not say where to go on; seek to choose a place`
      return this.#fail(state, new KafkaError('OFFSET_OUT_OF_RANGE', text, { topic, partition }))
    }
    cluster.logger.warn('The position is not in the log any more; reading goes on where startFrom says', {
      partition: formatTopicPartition(state),
      position: fetchOffset,
      logStartOffset,
      highWatermark,
      goesOnAt: query,
    })
    const isRepeated = state.outOfRangeOffset === fetchOffset
    state.outOfRangeOffset = fetchOffset
    this.#locate(state, 'out-of-range', query)
    if (isRepeated) state.retryAt = cluster.clock.now() + cluster.retryBackoffMaxMs
    this.#options.onLocating()
  }

  /** Messages that this consumer had read, or was about to read, are gone from the log. */
  handleTruncation(state: PartitionState, endOffset: bigint | undefined): void {
    const { cluster, startFrom, onPosition, onLocating } = this.#options
    const { topic, partition, fetchOffset } = state
    const from = startFrom(state)
    const query = this.#queryOf(state, from)
    if (from === 'none' || (query === undefined && endOffset === undefined)) {
      const text = `The log was truncated below the position ${fetchOffset}; the logs part at offset ${String(endOffset)}. Seek to choose where to go on`
      return this.#fail(state, new KafkaError('LOG_TRUNCATION', text, { topic, partition }))
    }
    cluster.logger.warn('The log was truncated below the position: messages were lost with its leader', {
      partition: formatTopicPartition(state),
      position: fetchOffset,
      endOffset,
    })
    if (endOffset === undefined) {
      this.#locate(state, 'truncated', query as PositionQuery)
      return onLocating()
    }
    // What was fetched and not handed out may be gone too: it is fetched again as far as it is still there.
    const { position } = state.reader
    const toOffset = endOffset < position ? endOffset : position
    const event = this.#eventOf(state, 'truncated')
    state.startAt(toOffset, -1)
    this.#publish({ ...event, toOffset })
    onPosition(state)
  }

  /**
   * The topic is another one of the same name, and is read from where new partitions are. What the group has committed
   * says nothing: the owner of a partition is this consumer, and a commit that it sent for the old topic before it heard
   * of the new one counts for that, because commits name topics and not their ids.
   */
  handleRecreated(state: PartitionState): void {
    const { cluster, startFrom } = this.#options
    state.isNewlyCreated = true
    state.committed = undefined
    const from = startFrom(state)
    const query = queryOfStartFrom(from === 'latest' ? 'earliest' : from, cluster.clock.wallTime())
    this.#locate(state, 'recreated', query)
    this.#options.onLocating()
  }

  /** A position was found: where it ends a reset, the loss is told. */
  handleLocated(state: PartitionState): void {
    const open = this.#open.get(state)
    if (open === undefined) return
    this.#open.delete(state)
    // A seek came in between: the position is then the user's own choice.
    if (open.token === state.positionToken - 1) this.#publish({ ...open.event, toOffset: state.fetchOffset })
  }

  /** Undefined where only the user can say. */
  #queryOf(state: PartitionState, startFrom: StartFrom): PositionQuery | undefined {
    if (startFrom === 'none' || (typeof startFrom === 'object' && 'offset' in startFrom)) return undefined
    const { lastTimestamp } = state.reader
    if (this.#options.policy === 'lastTimestamp' && lastTimestamp !== undefined && lastTimestamp >= 0) {
      return { kind: 'timestamp', timestamp: lastTimestamp }
    }
    return queryOfStartFrom(startFrom, this.#options.cluster.clock.wallTime())
  }

  #locate(state: PartitionState, reason: OffsetResetEvent['reason'], query: PositionQuery): void {
    const event = this.#eventOf(state, reason)
    state.locate(query)
    this.#open.set(state, { event, token: state.positionToken })
  }

  #eventOf(state: PartitionState, reason: OffsetResetEvent['reason']): OffsetResetEvent {
    const { topic, partition, position, logStartOffset } = state
    return {
      clientId: this.#options.cluster.clientId,
      groupId: this.#options.groupId,
      topic,
      partition,
      reason,
      fromOffset: position,
      toOffset: position,
      logStartOffset,
    }
  }

  #publish(event: OffsetResetEvent): void {
    this.#options.cluster.logger.info('Reading goes on at another offset', {
      partition: formatTopicPartition(event),
      reason: event.reason,
      fromOffset: event.fromOffset,
      toOffset: event.toOffset,
    })
    if (this.#options.outlet.isHeard) this.#options.outlet.publish(event)
  }

  #fail(state: PartitionState, error: KafkaError): void {
    state.fail(error)
    this.#options.onError(error)
  }
}
