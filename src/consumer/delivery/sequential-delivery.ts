import { createDeferred } from '../../base/deferred'
import { KafkaError } from '../../base/errors'
import type { Message } from '../message'
import { MessageBatch } from '../message-batch'
import type { HandlerContext, PartitionState } from '../partition-state'
import { asPromise, type Delivery, type DeliveryTools, isThenable } from './delivery'
import { DeliveryTurn } from './delivery-turn'

/** What one step hands to the user's handler; answers undefined when the partition's slice is used up. */
interface Step {
  /** The oldest message that the step hands out. */
  readonly first: Message
  readonly result: unknown
}

type TakeStep = (state: PartitionState) => Step | undefined

export interface SequentialDeliveryOptions {
  /** How many partitions are worked on at the same time. */
  readonly concurrency: number
  /** Most messages that are taken from a partition before the next one has its turn. */
  readonly sliceLength: number | undefined
}

/**
 * Hands out each partition's messages one after another, and several partitions side by side. A handler is awaited only
 * when it gives back a promise; as long as it does not, messages are handed out in one go, a turn at a time.
 *
 *     ready ──▶ partition is busy ──▶ handler … handler ──▶ slice used up ──▶ ready again, behind the others
 */
export class SequentialDelivery implements Delivery {
  readonly #tools: DeliveryTools
  readonly #options: SequentialDeliveryOptions
  readonly #take: TakeStep
  readonly #stopped = createDeferred<void>()
  readonly #turn: DeliveryTurn
  #active = 0
  #isStopping = false
  #isPumping = false
  #failure: KafkaError | undefined

  private constructor(tools: DeliveryTools, options: SequentialDeliveryOptions, take: TakeStep) {
    this.#tools = tools
    this.#options = options
    this.#take = take
    this.#turn = new DeliveryTurn(tools.clock, () => this.#pump())
  }

  /** One message at a time. */
  static ofMessages<M extends Message>(
    tools: DeliveryTools,
    concurrency: number,
    handler: (message: M, context: HandlerContext) => unknown,
  ): SequentialDelivery {
    return new SequentialDelivery(tools, { concurrency, sliceLength: undefined }, (state) => {
      const first = state.reader.next() as M | undefined
      if (first === undefined) return undefined
      state.tracker.current = first
      return { first, result: handler(first, state.context) }
    })
  }

  /** All that is ready of one partition at a time, up to `maxMessages`. */
  static ofBatches<M extends Message>(
    tools: DeliveryTools,
    concurrency: number,
    maxMessages: number,
    handler: (batch: MessageBatch<M>, context: HandlerContext) => unknown,
  ): SequentialDelivery {
    return new SequentialDelivery(tools, { concurrency, sliceLength: maxMessages }, (state) => {
      const messages = state.reader.takeSlice() as M[]
      const first = messages[0]
      if (first === undefined) return undefined
      state.tracker.current = first
      const batch = new MessageBatch(state.definition, state.partition, messages, state.highWatermark)
      return { first, result: handler(batch, state.context) }
    })
  }

  /** Resolves when the delivery was stopped and its handlers have come back; rejects when it failed. */
  async ended(): Promise<void> {
    await this.#stopped.promise
    if (this.#failure !== undefined) throw this.#failure
  }

  wake(): void {
    this.#turn.begin()
    this.#pump()
  }

  #pump(): void {
    if (this.#isPumping || this.#isStopping) return
    this.#isPumping = true
    while (!this.#isStopping && this.#active < this.#options.concurrency && !this.#turn.shouldYield()) {
      const state = this.#tools.ready.take(this.#options.sliceLength)
      if (state === undefined) break
      state.isBusy = true
      this.#active++
      this.#work(state)
    }
    this.#isPumping = false
    this.#settleWhenIdle()
  }

  /** Hands out messages of the partition until its slice is used up or a handler must be waited for. */
  #work(state: PartitionState): void {
    while (!this.#isStopping && state.isDeliverable) {
      let step: Step | undefined
      try {
        step = this.#take(state)
      } catch (error) {
        this.#handleError(error, state)
        break
      }
      if (step === undefined) break
      if (isThenable(step.result)) return this.#await(state, step.first, step.result)
      state.tracker.current = undefined
    }
    this.#finish(state)
  }

  #await(state: PartitionState, first: Message, result: PromiseLike<unknown>): void {
    const { watch } = this.#tools
    state.enter()
    const work = watch.begin()
    const settle = (proceed: () => void) => {
      const isRecovered = watch.end(work)
      proceed()
      state.leave()
      if (isRecovered) this.#tools.onRecovered()
      // The partition goes on at once: its next message is likely to be in the slice.
      this.#work(state)
    }
    asPromise(result).then(
      () =>
        settle(() => {
          // A seek in the meantime has set the position anew; then this message is no longer the one tracked.
          if (state.tracker.current === first) state.tracker.current = undefined
          this.#tools.onProgress()
        }),
      (error: unknown) => settle(() => this.#handleError(error, state)),
    )
  }

  #handleError(error: unknown, state: PartitionState): void {
    if (state.isAborted || state.phase === 'revoked') this.#tools.onAbandonedError(error, state)
    else this.#end(KafkaError.from(error, 'The message handler failed', state))
  }

  #finish(state: PartitionState): void {
    state.isBusy = false
    this.#active--
    this.#tools.onProgress()
    this.#tools.ready.add(state)
    if (!this.#isPumping) this.#pump()
    this.#settleWhenIdle()
  }

  #end(failure?: KafkaError): void {
    this.#failure ??= failure
    this.#isStopping = true
  }

  #settleWhenIdle(): void {
    if (this.#isStopping && this.#active === 0 && !this.#isPumping) this.#stopped.resolve()
  }

  async stop(): Promise<void> {
    this.#end()
    this.#settleWhenIdle()
    await this.#stopped.promise
  }

  fail(error: KafkaError): void {
    this.#end(error)
    this.#settleWhenIdle()
  }
}
