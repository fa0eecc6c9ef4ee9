import type { KafkaError } from '../base/errors'
import type { TopicPartition } from '../base/topic-partition'
import { OffsetTracker } from './delivery/offset-tracker'
import { PartitionReader, type PartitionReaderOptions } from './delivery/partition-reader'
import type { OffsetAndMetadata } from './group/group-membership'
import type { AnyTopic } from '../message/message'
import type { PositionQuery } from './start-from'

/** The records of a partition are being asked for: it stands in the fetch session of a broker. */
export interface StandingFetch {
  /** The partition's token when it was asked for. */
  readonly token: number
  readonly topicId: string
  readonly asker: FetchAsker | undefined
}

/** Who asks a broker for records of partitions. */
export interface FetchAsker {
  /** True while an answer is awaited. */
  readonly isAsking: boolean
  /** How long the broker may hold back the present or last answer. */
  readonly pollWaitMs: number
  /** What the partition was asked for under is no longer so: before the next request it is looked at again. */
  reconsider(partition: PartitionState): void
}

/**
 *     assigned ──▶ locating ──▶ fetching ──▶ revoking ──▶ revoked
 *                     ▲            │
 *                     └── seek, ───┤          failed: an error was raised for the partition;
 *                      out of range└──▶ failed        a seek leads back to locating
 *
 * - `assigned`: owned, nothing asked yet
 * - `locating`: its position is being looked up
 * - `fetching`: its position is known (L13: only now it is fetched)
 * - `failed`: it stays where it is until a seek
 * - `revoking`: no message is handed out any more, running handlers are waited for
 * - `revoked`: no longer ours; whatever still comes back for it is dropped
 *
 * Being paused is not a phase: a paused partition keeps its phase and what was fetched for it.
 */
export type PartitionPhase = 'assigned' | 'locating' | 'fetching' | 'failed' | 'revoking' | 'revoked'

/**
 * One partition from its assignment to its end; when it is assigned again it gets a new one of these. Changes of the
 * position, and of who is asked for it, raise `token`: an answer that was asked for under an older token is dropped.
 */
export class PartitionState implements TopicPartition {
  readonly definition: AnyTopic
  readonly topic: string
  readonly partition: number
  readonly reader: PartitionReader
  readonly tracker = new OffsetTracker()

  /** What the position is to be found from; undefined: from the committed offset, then by `startFrom`. */
  query: PositionQuery | undefined
  /** Where to go on when it turns out that nothing is committed, instead of what `startFrom` says. */
  resumeAt: OffsetAndMetadata | undefined
  /** Where the next fetch starts. */
  fetchOffset = 0n
  /** The position that was found first; undefined before. */
  firstOffset: bigint | undefined
  /** It came into being after this consumer began: what was written to it since then is not to be passed over (G13). */
  isNewlyCreated = false
  /** Leader epoch of the records before the position, for the detection of truncation; -1 when it is not known. */
  positionEpoch = -1
  /** The offset that was last found out of range: to find it so again at once means that the reset did not help. */
  outOfRangeOffset: bigint | undefined
  /** The leader has changed, or the position came from a commit: its log may end before the position (KIP-320). */
  needsValidation = false
  /** -1 until the first answer. */
  highWatermark = -1n
  /** -1 until the first answer. */
  lastStableOffset = -1n
  /** -1 until the first answer. */
  logStartOffset = -1n
  /** When a broker last told these offsets, by the clock; undefined before it did. */
  toldAt: number | undefined
  /** The leader that was last asked or heard of; -1 for none yet. */
  leaderId = -1
  leaderEpoch = -1
  /** The follower to fetch from instead of the leader (KIP-392), -1 for none, until `preferredReplicaUntil`. */
  preferredReplica = -1
  preferredReplicaUntil = 0
  /** No request for the partition before this time of the clock. */
  retryAt = 0
  /** Failures in a row; 0 after a success. */
  failures = 0
  /** Why the last one failed, in words or as Kafka's name of the error; of no meaning after a success. */
  lastError: string | undefined
  /** Where it is being fetched; undefined while nobody asks for it, or only for once. */
  standingFetch: StandingFetch | undefined
  /** The last position stored in the group, undefined while none is known. */
  committed: bigint | undefined
  /** True while the delivery works on the partition's messages one after another. */
  isBusy = false
  /** True while the partition stands in the delivery's queue. */
  isQueued = false

  #phase: PartitionPhase = 'assigned'
  #isPositioned = false
  #isPaused = false
  #isDropped = false
  #endQuery: PositionQuery | undefined
  #token = 0
  #positionToken = 0
  #inFlightToken = -1
  #failure: KafkaError | undefined
  #running = 0
  #idleWaiters: (() => void)[] = []
  /** Where the committable offset stays, set when running handlers were told that their results count no longer. */
  #finishedBeforeAbort: OffsetAndMetadata | undefined
  readonly #abort = new AbortController()
  /** Tells handlers of the partition's messages that their results count no longer. */
  readonly signal: AbortSignal = this.#abort.signal

  constructor(
    definition: AnyTopic,
    partition: number,
    reader: Omit<PartitionReaderOptions, 'topic' | 'partition'>,
  ) {
    this.definition = definition
    this.topic = definition.name
    this.partition = partition
    this.reader = new PartitionReader({ ...reader, topic: definition, partition })
  }

  get phase(): PartitionPhase {
    return this.#phase
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused
    this.#reconsiderFetch()
  }

  /** True while its topic is not subscribed to any more: it is still owned, and nothing of it is handed out (G16). */
  get isDropped(): boolean {
    return this.#isDropped
  }

  set isDropped(isDropped: boolean) {
    this.#isDropped = isDropped
    this.#reconsiderFetch()
  }

  /** True while nothing is to be handed out, although it may be soon. */
  get isHeld(): boolean {
    return this.#isPaused || this.#isDropped
  }

  get token(): number {
    return this.#token
  }

  /** As `token`, but grows only when the position is set anew or lost: fences messages that were handed out. */
  get positionToken(): number {
    return this.#positionToken
  }

  /** True when results of handlers count no longer. */
  get isAborted(): boolean {
    return this.#abort.signal.aborted
  }

  /** Why the partition is `failed`. */
  get failure(): KafkaError | undefined {
    return this.#failure
  }

  /** True when it is known where to read, whatever has become of the partition since then. */
  get isPositioned(): boolean {
    return this.#isPositioned
  }

  /** True while messages may be handed out and positions committed. */
  get isOwned(): boolean {
    return this.#phase !== 'revoking' && this.#phase !== 'revoked'
  }

  /** True when messages of it may be handed out now. */
  get isDeliverable(): boolean {
    return this.#phase === 'fetching' && !this.#isPaused && !this.#isDropped
  }

  /** True when its topic was dropped, when everything up to its end was fetched, and while that end is not known. */
  get needsNoFetch(): boolean {
    const { endOffset } = this.reader
    if (this.#isDropped) return true
    return this.#endQuery !== undefined || (endOffset !== undefined && this.fetchOffset >= endOffset)
  }

  /** True while a single request for the present position is under way, or that position is being looked up. */
  get isInFlight(): boolean {
    return this.#inFlightToken === this.#token
  }

  /**
   * The next offset to hand out. Where messages are handled side by side, whose order is not that of the log: the oldest
   * one that is not finished.
   */
  get position(): bigint {
    return this.tracker.oldestPending?.offset ?? this.reader.position
  }

  /** Offset and epoch up to which everything is finished; undefined while no position is known. */
  committable(): OffsetAndMetadata | undefined {
    // A partition may fail, or be revoked, before its position is found: the group's must stay as it is then (C3).
    if (!this.#isPositioned || this.#phase === 'revoked') return undefined
    if (this.#finishedBeforeAbort !== undefined) return this.#finishedBeforeAbort
    const oldest = this.tracker.oldestUnfinished
    const leaderEpoch =
      oldest?.leaderEpoch ?? (this.reader.leaderEpoch < 0 ? this.positionEpoch : this.reader.leaderEpoch)
    return { offset: oldest?.offset ?? this.reader.position, leaderEpoch, metadata: '' }
  }

  /** Starts looking for a position; what was fetched is dropped (C5). */
  locate(query: PositionQuery | undefined): void {
    if (!this.isOwned) return
    this.query = query
    this.#isPositioned = false
    this.#moveTo('locating')
    this.reader.reset(0n)
  }

  /**
   * Goes back to what the group has committed, where it is not known whether that includes the messages handed out.
   * @param first where these begin
   */
  locateCommitted(first: OffsetAndMetadata): void {
    this.locate(undefined)
    this.resumeAt = first
  }

  /** The position is known; what was fetched is dropped. */
  startAt(offset: bigint, leaderEpoch: number): void {
    if (!this.isOwned) return
    this.query = undefined
    this.#isPositioned = true
    this.#moveTo('fetching')
    this.fetchOffset = offset
    this.firstOffset ??= offset
    this.positionEpoch = leaderEpoch
    this.needsValidation = false
    this.reader.leaderEpoch = -1
    this.reader.reset(offset)
  }

  /** Nothing is left in the log before this offset. */
  passTo(offset: bigint): void {
    this.reader.skipTo(offset)
    this.fetchOffset = offset
    this.#token++
    this.#reconsiderFetch()
  }

  /** Where reading is to end: there, or nowhere while it is undefined, or where a look-up will find it. */
  endAt(offset: bigint | undefined, query?: PositionQuery): void {
    this.reader.endOffset = offset
    this.#endQuery = query
    this.#reconsiderFetch()
  }

  /** What the end of reading is being looked up by: nothing is fetched before it is known. */
  get endQuery(): PositionQuery | undefined {
    return this.#endQuery
  }

  /** Goes back to the oldest message that was not finished, so that it is handed out again. */
  rewind(): void {
    const oldest = this.#finishedBeforeAbort ?? this.tracker.oldestUnfinished
    const failure = this.#failure
    const mayRewind = this.#phase === 'fetching' || (this.#phase === 'failed' && this.#isPositioned)
    if (oldest === undefined || !mayRewind) return this.tracker.clear()
    this.startAt(oldest.offset, oldest.leaderEpoch)
    if (failure !== undefined) this.fail(failure)
  }

  /** The user was told why it failed: what was refused is asked for again, at the same place. */
  retry(): void {
    if (this.#phase !== 'failed') return
    const position = this.committable()
    if (position === undefined) {
      const { resumeAt } = this
      this.locate(this.query)
      this.resumeAt = resumeAt
      return
    }
    this.startAt(position.offset, position.leaderEpoch)
    // It may have failed because its log was truncated, and the log has grown since then.
    this.needsValidation = position.leaderEpoch >= 0
  }

  #moveTo(phase: PartitionPhase): void {
    this.#phase = phase
    this.resumeAt = undefined
    this.#failure = undefined
    this.#token++
    this.#positionToken++
    this.retryAt = 0
    this.failures = 0
    this.tracker.clear()
    this.#finishedBeforeAbort = undefined
    this.#reconsiderFetch()
  }

  #reconsiderFetch(): void {
    this.standingFetch?.asker?.reconsider(this)
  }

  fail(error: KafkaError): void {
    if (!this.isOwned) return
    this.#phase = 'failed'
    this.#failure = error
    this.#token++
    this.#reconsiderFetch()
  }

  /** A request was sent under the present token. */
  markInFlight(): void {
    this.#inFlightToken = this.#token
  }

  /** The request ended, whatever its outcome. */
  clearInFlight(token: number): void {
    if (this.#inFlightToken === token) this.#inFlightToken = -1
  }

  /** The answer under way is no longer wanted, because another broker is to be asked. */
  abandonFetch(): void {
    this.#token++
    this.#reconsiderFetch()
  }

  /** From now on no message is handed out. */
  beginRevoke(): void {
    if (!this.isOwned) return
    this.#phase = 'revoking'
    this.#reconsiderFetch()
  }

  /** The partition is gone: frees what it holds and tells handlers that still run. */
  end(): void {
    if (this.#phase === 'revoked') return
    this.#phase = 'revoked'
    this.#token++
    this.#positionToken++
    this.reader.reset(0n)
    this.tracker.clear()
    this.#reconsiderFetch()
    if (this.#running > 0) this.#abort.abort()
  }

  /** Tells running handlers that their results count no longer: one that comes back because of it has finished nothing. */
  abortHandlers(): void {
    this.#finishedBeforeAbort ??= this.committable()
    this.#abort.abort()
  }

  /** A handler starts to work on messages of the partition. */
  enter(): void {
    this.#running++
  }

  /** A handler has ended. */
  leave(): void {
    // Looked at first: this is the path of each message whose handler is waited for.
    if (--this.#running > 0 || this.#idleWaiters.length === 0) return
    for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }

  get isIdle(): boolean {
    return this.#running === 0
  }

  /** Resolves when no handler runs for the partition. */
  whenIdle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }
}
