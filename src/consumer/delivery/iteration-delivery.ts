import type { KafkaError } from '../../base/errors'
import { createDeferred, type Deferred } from '../../base/deferred'
import { InvalidArgumentError } from '../../base/errors'
import type { Message } from '../../message/message'
import type { PartitionState } from '../partition-state'
import type { Delivery, DeliveryTools } from './delivery'
import { DeliveryTurn } from '../../message/delivery-turn'
import type { HandledWork, WatchedWork } from '../../message/handler-watch'

/**
 * Hands out messages to one `for await` loop. A message is finished when the loop asks for the next one; leaving the
 * loop leaves the last message unfinished, so that it is delivered again.
 */
export class IterationDelivery<M extends Message> implements Delivery, AsyncIterableIterator<M>, HandledWork {
  readonly #tools: DeliveryTools
  readonly #turn: DeliveryTurn
  readonly #onEnded: () => void
  readonly #stopped = createDeferred<void>()
  /** The message that the loop's body works on, */
  #open: Message | undefined
  /** and where it came from. */
  #openState: PartitionState | undefined
  /** The loop's body, one message after another; ended while the loop waits for messages. */
  #work: WatchedWork | undefined
  /** The partition whose slice is being handed out. */
  #partition: PartitionState | undefined
  #waiting: Deferred<IteratorResult<M>> | undefined
  #isStopping = false
  #isEnded = false
  #failure: KafkaError | undefined

  /** @param onEnded called once, when nothing will be handed out any more and nothing is open */
  constructor(tools: DeliveryTools, onEnded: () => void) {
    this.#tools = tools
    this.#onEnded = onEnded
    this.#turn = new DeliveryTurn(tools.clock, () => this.#supply())
    this.#turn.begin()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Of the message that the loop's body works on. */
  get state(): PartitionState | undefined {
    return this.#openState
  }

  get message(): Message | undefined {
    return this.#open
  }

  next(): Promise<IteratorResult<M>> {
    if (this.#waiting !== undefined) {
      return Promise.reject(
        new InvalidArgumentError('next() was called while the call before it was not answered'),
      )
    }
    this.#finishOpen()
    if (this.#isStopping) return this.#end()
    const message = this.#pull()
    if (message !== undefined) return Promise.resolve({ done: false, value: message })
    this.#endWork()
    this.#waiting = createDeferred<IteratorResult<M>>()
    return this.#waiting.promise
  }

  /** The loop was left: what it worked on stays unfinished. */
  return(): Promise<IteratorResult<M>> {
    this.#isStopping = true
    this.#failure = undefined
    this.#closeOpen()
    // A stream that is destroyed leaves in the middle of a wait.
    this.#waiting?.resolve({ done: true, value: undefined })
    this.#waiting = undefined
    return this.#end()
  }

  wake(): void {
    this.#turn.begin()
    this.#supply()
  }

  /** Answers a call of `next` that waits, if there is something to answer it with. */
  #supply(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (this.#isStopping) {
      this.#waiting = undefined
      this.#end().then(waiting.resolve, waiting.reject)
      return
    }
    const message = this.#pull()
    if (message === undefined) return
    this.#waiting = undefined
    waiting.resolve({ done: false, value: message })
  }

  #pull(): M | undefined {
    const { ready } = this.#tools
    for (;;) {
      const state = this.#partition
      if (state !== undefined) {
        const message = state.isDeliverable ? state.reader.next() : undefined
        if (message !== undefined) return this.#handOut(state, message) as M
        this.#leavePartition(state)
      }
      if (this.#turn.shouldYield()) return undefined
      const next = ready.take()
      if (next === undefined) return undefined
      next.isBusy = true
      this.#partition = next
    }
  }

  #handOut(state: PartitionState, message: Message): Message {
    state.tracker.current = message
    state.enter()
    this.#open = message
    this.#openState = state
    this.#work ??= this.#tools.watch.begin(this)
    return message
  }

  #finishOpen(): void {
    const state = this.#openState
    if (state === undefined) return
    // A seek in the body has set the position anew; then this message is no longer the one tracked.
    if (state.tracker.current === this.#open) state.tracker.current = undefined
    this.#tools.onProgress(1)
    this.#closeOpen()
  }

  #closeOpen(): void {
    const state = this.#openState
    if (state === undefined) return
    this.#open = this.#openState = undefined
    const isRecovered = this.#work !== undefined && this.#tools.watch.restart(this.#work)
    state.leave()
    if (isRecovered) this.#tools.onRecovered()
  }

  #endWork(): void {
    if (this.#work !== undefined) this.#tools.watch.end(this.#work)
    this.#work = undefined
  }

  #leavePartition(state: PartitionState): void {
    this.#partition = undefined
    state.isBusy = false
    state.reader.releaseHandedOut()
    this.#tools.ready.add(state)
  }

  #end(): Promise<IteratorResult<M>> {
    if (!this.#isEnded) {
      this.#isEnded = true
      this.#endWork()
      if (this.#partition !== undefined) this.#leavePartition(this.#partition)
      this.#onEnded()
      this.#stopped.resolve()
    }
    const failure = this.#failure
    if (failure === undefined) return Promise.resolve({ done: true, value: undefined })
    this.#failure = undefined
    return Promise.reject(failure)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#endIfNobodyWorks()
    await this.#stopped.promise
  }

  fail(error: KafkaError): void {
    this.#failure ??= error
    this.#isStopping = true
    if (this.#waiting !== undefined) this.#supply()
  }

  #endIfNobodyWorks(): void {
    if (this.#waiting !== undefined) this.#supply()
    else if (this.#open === undefined) void this.#end().catch(() => undefined)
  }
}
