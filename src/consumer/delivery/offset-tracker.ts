import type { Message } from '../../message/message'

/** A message that is handled beside others. */
export interface HandedOut {
  readonly message: Message
  isFinished: boolean
}

/**
 * Knows which messages of one partition were handed out and are not finished. The committable offset is that of the
 * oldest unfinished message, or the position when there is none: it never passes a gap, whatever order handlers finish
 * in, and it moves over control, empty and compacted batches with the position.
 *
 *     handed out   10 11 12 13 14 | position 15
 *     finished      x  .  x  x  . |            →  committable 11
 *
 * A partition whose messages are handled one after another uses `current` alone, which costs no object a message.
 */
export class OffsetTracker {
  /** The message, or the first of the messages, being handled; undefined between two. Sequential handling only. */
  current: Message | undefined
  #slots: HandedOut[] = []
  #head = 0

  /** The oldest message that was handed out and is not finished. */
  get oldestUnfinished(): Message | undefined {
    return this.current ?? this.#slots[this.#head]?.message
  }

  /** The oldest of the messages handled side by side that is not finished. */
  get oldestPending(): Message | undefined {
    return this.#slots[this.#head]?.message
  }

  /** How many messages handled side by side are not finished, or wait for one before them. */
  get pendingCount(): number {
    return this.#slots.length - this.#head
  }

  /** A message is handed out to be handled beside others; in the order of the log. */
  begin(message: Message): HandedOut {
    const handedOut = { message, isFinished: false }
    this.#slots.push(handedOut)
    return handedOut
  }

  finish(handedOut: HandedOut): void {
    handedOut.isFinished = true
    while (this.#slots[this.#head]?.isFinished) this.#head++
    if (this.#head === this.#slots.length) {
      this.#slots = []
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head)
      this.#head = 0
    }
  }

  /** Forgets all that was handed out: the position was set anew. */
  clear(): void {
    this.current = undefined
    this.#slots = []
    this.#head = 0
  }
}
