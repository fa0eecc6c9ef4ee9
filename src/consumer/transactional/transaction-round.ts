import type { ConsumerGroupMetadata } from '../group/group-membership'
import type { Message } from '../../message/message'
import { MessageBatch } from '../../message/message-batch'
import type { PartitionState } from '../partition-state'
import { TransactionBatch } from './transaction-batch'
import type { PositionInTransaction } from './transactional-producer'

/** What a round has of one partition; `first` is undefined where only markers and aborted messages were passed. */
interface Part {
  readonly state: PartitionState
  readonly positionToken: number
  readonly first: Message | undefined
  /** What is committed with the transaction. */
  readonly position: PositionInTransaction
}

/**
 * The messages of one transaction, and who this member was when they were handed out. The broker takes the positions
 * only from the member in that generation (KIP-447): as long as it does, nobody else has been given the partitions, and
 * the next owner waits for the end of the transaction before it reads the positions.
 */
export class TransactionRound<M extends Message> {
  readonly batch: TransactionBatch<M>
  readonly group: ConsumerGroupMetadata
  readonly #currentGroup: () => ConsumerGroupMetadata
  readonly #parts: readonly Part[]
  readonly #abort = new AbortController()
  readonly #onLost = () => this.#abort.abort()

  /**
   * @param slices messages of each partition, already taken from its reader; an empty list commits its position alone
   * @param currentGroup `consumer.groupMetadata`
   */
  constructor(slices: ReadonlyMap<PartitionState, readonly M[]>, currentGroup: () => ConsumerGroupMetadata) {
    this.group = currentGroup()
    this.#currentGroup = currentGroup
    this.#parts = [...slices].map(([state, messages]) => this.#enter(state, messages[0]))
    this.batch = new TransactionBatch(
      [...slices]
        .filter(([, messages]) => messages.length > 0)
        .map(
          ([{ definition, partition, highWatermark, reader }, messages]) =>
            new MessageBatch(definition, partition, messages, { highWatermark, endOffset: reader.position }),
        ),
    )
  }

  /** From now on a revocation waits for the partition. */
  #enter(state: PartitionState, first: Message | undefined): Part {
    const { topic, partition, positionToken, reader, positionEpoch } = state
    state.enter()
    state.signal.addEventListener('abort', this.#onLost, { once: true })
    state.tracker.current = first
    const leaderEpoch = reader.leaderEpoch < 0 ? positionEpoch : reader.leaderEpoch
    return {
      state,
      positionToken,
      first,
      position: { topic, partition, offset: reader.position, leaderEpoch },
    }
  }

  /** Fires when the transaction can't be committed any more. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get positions(): PositionInTransaction[] {
    return this.#parts.map(({ position }) => position)
  }

  /** True when the group has moved on since the messages were handed out: others may already work on them. */
  isStale(): boolean {
    const { memberId, generationId } = this.#currentGroup()
    const isStale =
      this.#abort.signal.aborted ||
      memberId !== this.group.memberId ||
      generationId !== this.group.generationId
    if (isStale) this.#abort.abort()
    return isStale
  }

  /** True when none of the partitions is this consumer's any longer. */
  get isGone(): boolean {
    return this.#parts.every(({ state }) => state.isAborted || state.phase === 'revoked')
  }

  /** The transaction was committed. */
  complete(): void {
    for (const { state, first, position } of this.#parts) {
      // A seek in the meantime has set the position anew; then the message is no longer the one tracked.
      if (state.tracker.current === first) state.tracker.current = undefined
      state.committed = position.offset
    }
  }

  /**
   * The transaction was aborted: its messages are handed out again, and what was fetched behind them is dropped (X7).
   * @param isOpen it may have been committed all the same, so that the group has to be asked
   */
  rewind(isOpen: boolean): void {
    for (const part of this.#parts) rewindPart(part, isOpen)
  }

  /** The transaction is over, or not this process's any more: a revocation waits no longer. */
  release(): void {
    for (const { state } of this.#parts) {
      state.signal.removeEventListener('abort', this.#onLost)
      state.reader.releaseHandedOut()
      state.leave()
    }
  }
}

function rewindPart({ state, positionToken, first, position }: Part, isOpen: boolean): void {
  if (first === undefined || !state.isOwned || state.phase !== 'fetching') return
  if (state.positionToken !== positionToken) {
    // A seek leads elsewhere. After a truncation of the log the position is still behind messages of the round.
    const { position: now } = state.reader
    if (now <= first.offset || now > position.offset) return
  }
  const { offset, leaderEpoch } = first
  if (isOpen) state.locateCommitted({ offset, leaderEpoch, metadata: '' })
  else state.startAt(offset, leaderEpoch)
}
