import type { Clock } from '../base/clock'
import type { ShareMessage } from './share-message'
import type { ShareRecordReader } from './share-record-reader'

export interface ShareBufferOptions {
  readonly clock: Clock
  /** The last message was handed out: more may be acquired. */
  readonly onDrained: () => void
  /** So many messages of the topic were handed out, in so many bytes; told by slices. */
  readonly onHandedOut: (topic: string, messages: number, bytes: number) => void
}

/** What was acquired and waits to be handed out; partitions take turns. Messages whose locks are over are left out. */
export class ShareBuffer {
  readonly #options: ShareBufferOptions
  #readers: ShareRecordReader[] = []
  /** Those whose batches are being decompressed. */
  readonly #opening = new Set<ShareRecordReader>()
  #current: ShareRecordReader | undefined
  /** Messages of the current reader that were not counted yet. */
  #uncounted = 0

  constructor(options: ShareBufferOptions) {
    this.#options = options
  }

  /** Nothing is left to hand out. */
  get isEmpty(): boolean {
    return this.#current === undefined && this.#readers.length === 0 && this.#opening.size === 0
  }

  add(reader: ShareRecordReader): void {
    this.#readers.push(reader)
  }

  /** Batches were decompressed: their readers have messages. */
  handleReady(): void {
    this.#readers.push(...this.#opening)
    this.#opening.clear()
  }

  /** The next message that this member still holds; undefined while there is none. */
  next(): ShareMessage | undefined {
    for (;;) {
      const reader = (this.#current ??= this.#takeReader())
      if (reader === undefined) return undefined
      const message = reader.next()
      if (message === undefined) this.#putBack(reader)
      else if (reader.records.lockedUntil > this.#options.clock.now() && this.#isHeld(message)) {
        this.#uncounted++
        return message
      }
    }
  }

  /** Has what was handed out counted, up to this moment. */
  countHandedOut(): void {
    const reader = this.#current
    if (reader === undefined || this.#uncounted === 0) return
    const messages = this.#uncounted
    this.#uncounted = 0
    this.#options.onHandedOut(reader.records.partition.topic, messages, reader.takeBytes())
  }

  #isHeld(message: ShareMessage): boolean {
    return message.records.isOpen(message.position) || message.records.isRenewing(message.position)
  }

  #takeReader(): ShareRecordReader | undefined {
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift()) {
      const status = reader.prepare()
      if (status === 'ready') return reader
      if (status === 'pending') this.#opening.add(reader)
    }
    if (this.#opening.size === 0) this.#options.onDrained()
    return undefined
  }

  /** Its slice is used up: the others come first. */
  #putBack(reader: ShareRecordReader): void {
    this.countHandedOut()
    this.#current = undefined
    this.#readers.push(reader)
  }

  /** Drops everything. */
  close(): void {
    this.countHandedOut()
    for (const reader of [...this.#readers, ...this.#opening]) reader.close()
    this.#current?.close()
    this.#current = undefined
    this.#readers = []
    this.#opening.clear()
  }
}
