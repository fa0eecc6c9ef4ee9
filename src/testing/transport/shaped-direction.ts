import type { Clock, Timer } from '../../base/clock'
import { plainDirection, type DirectionShape } from './link-shape'

/** With a limited speed, bytes come in steps of about this many milliseconds. */
const stepMs = 20

/** What a direction takes before its sender is told to wait. */
const windowBytes = 256 * 1024

interface Waiting {
  readonly bytes: Uint8Array
  offset: number
  readonly notBefore: number
}

/** One direction of a connection whose bytes are slowed, split, turned over or cut off. */
export class ShapedDirection {
  /** Called when the sender may go on after `isFull`. */
  onDrain: () => void = () => {}
  readonly #clock: Clock
  readonly #deliver: (bytes: Uint8Array) => void
  readonly #cut: () => void
  #shape = plainDirection
  /** Bytes that passed since the shape was set. */
  #passed = 0
  #queue: Waiting[] = []
  #waitingBytes = 0
  #wasFull = false
  /** When the line is free for the next portion. */
  #freeAt = 0
  #timer: Timer | undefined
  #whenEmpty: (() => void) | undefined
  #over = false
  #held = false

  constructor(clock: Clock, deliver: (bytes: Uint8Array) => void, cut: () => void) {
    this.#clock = clock
    this.#deliver = deliver
    this.#cut = cut
  }

  /** True when a plain write would do the same. */
  get isTransparent(): boolean {
    return this.#shape === plainDirection && this.#queue.length === 0 && !this.#held
  }

  /** True when the sender should wait for `onDrain`. */
  get isFull(): boolean {
    const isFull = this.#waitingBytes >= windowBytes
    this.#wasFull ||= isFull
    return isFull
  }

  /** From now on; what is still on its way keeps its latency and loses the rest. */
  setShape(shape: DirectionShape): void {
    this.#shape = shape
    this.#passed = 0
    this.#freeAt = 0
    this.#timer?.cancel()
    this.#timer = undefined
    this.#run()
  }

  send(bytes: Uint8Array): void {
    if (this.#over || bytes.length === 0) return
    const notBefore = this.#clock.now() + (this.#shape.latencyMs ?? 0)
    this.#queue.push({ bytes, offset: 0, notBefore })
    this.#waitingBytes += bytes.length
    this.#run()
  }

  /** Calls back when nothing is on its way any more; at once when nothing is. */
  afterAll(callback: () => void): void {
    if (this.#queue.length === 0) return callback()
    this.#whenEmpty = callback
  }

  /** Bytes wait until `release`. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#run()
  }

  /** What is on its way is lost. */
  end(): void {
    this.#over = true
    this.#queue = []
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #run(): void {
    while (!this.#over && !this.#held && this.#timer === undefined) {
      const head = this.#queue[0]
      if (head === undefined) return this.#finish()
      const now = this.#clock.now()
      const wait = Math.max(head.notBefore, this.#freeAt) - now
      if (wait > 0) return this.#wakeIn(wait)
      this.#pass(head, now)
    }
  }

  #wakeIn(ms: number): void {
    this.#timer = this.#clock.setTimer(Math.ceil(ms), () => {
      this.#timer = undefined
      this.#run()
    })
  }

  #pass(head: Waiting, now: number): void {
    const { bytesPerSecond, splitAtBytes = Infinity, cutAfterBytes = Infinity, corrupt } = this.#shape
    const step = bytesPerSecond === undefined ? Infinity : Math.ceil((bytesPerSecond * stepMs) / 1000)
    const count = Math.min(
      head.bytes.length - head.offset,
      splitAtBytes,
      step,
      Math.max(0, cutAfterBytes - this.#passed),
    )
    if (count > 0) {
      const portion = head.bytes.subarray(head.offset, head.offset + count)
      const sent = corrupt === undefined ? portion : corrupted(portion, this.#passed, corrupt)
      head.offset += count
      this.#passed += count
      this.#waitingBytes -= count
      if (head.offset === head.bytes.length) this.#queue.shift()
      if (bytesPerSecond !== undefined)
        this.#freeAt = Math.max(now, this.#freeAt) + (count * 1000) / bytesPerSecond
      this.#deliver(sent)
      this.#drained()
    }
    if (this.#passed >= cutAfterBytes && !this.#over) {
      this.end()
      this.#cut()
    }
  }

  #drained(): void {
    if (!this.#wasFull || this.#waitingBytes >= windowBytes / 2) return
    this.#wasFull = false
    this.onDrain()
  }

  #finish(): void {
    const callback = this.#whenEmpty
    this.#whenEmpty = undefined
    callback?.()
  }
}

/** A copy, because the bytes belong to the log, or to whoever sent them. */
function corrupted(bytes: Uint8Array, passed: number, corrupt: (offset: number) => boolean): Uint8Array {
  let copy: Buffer | undefined
  for (let i = 0; i < bytes.length; i++) {
    if (!corrupt(passed + i)) continue
    copy ??= Buffer.from(bytes)
    copy[i] = (copy[i] as number) ^ 0xff
  }
  return copy ?? bytes
}
