import type { KafkaError } from '../../base/errors'
import type { Message } from '../../message/message'
import { MessageBatch } from '../../message/message-batch'
import type { HandlerContext, PartitionState } from '../partition-state'
import { asPromise, isThenable } from '../../message/thenable'
import type { Delivery, DeliveryTools } from './delivery'
import { DeliveryEnd, handlerFailure } from '../../message/delivery-end'
import { DeliveryTurn } from '../../message/delivery-turn'
import type { WatchedWork } from '../../message/handler-watch'

/** What one step hands to the user's handler; answers undefined when the partition's slice is used up. */
interface Step {
  /** The oldest message that the step hands out. */
  readonly first: Message
  readonly result: unknown
}

/** A partition being worked on. Made once a slice, so that a message costs no object beside its handler's promise. */
interface Lane {
  readonly state: PartitionState
  /** The oldest message that the handler under way was given. */
  first: Message | undefined
  /** Set once a handler had to be waited for. */
  work: WatchedWork | undefined
  readonly onResolved: () => void
  readonly onRejected: (error: unknown) => void
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
  readonly #end = new DeliveryEnd()
  readonly #turn: DeliveryTurn
  #active = 0
  #isPumping = false

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
  ended(): Promise<void> {
    return this.#end.outcome()
  }

  wake(): void {
    this.#turn.begin()
    this.#pump()
  }

  #pump(): void {
    if (this.#isPumping || this.#end.hasBegun) return
    this.#isPumping = true
    while (!this.#end.hasBegun && this.#active < this.#options.concurrency && !this.#turn.shouldYield()) {
      const state = this.#tools.ready.take(this.#options.sliceLength)
      if (state === undefined) break
      state.isBusy = true
      this.#active++
      this.#work(this.#openLane(state))
    }
    this.#isPumping = false
    this.#settleWhenIdle()
  }

  #openLane(state: PartitionState): Lane {
    const lane: Lane = {
      state,
      first: undefined,
      work: undefined,
      onResolved: () => {
        // A seek in the meantime has set the position anew; then this message is no longer the one tracked.
        if (state.tracker.current === lane.first) state.tracker.current = undefined
        this.#tools.onProgress()
        this.#goOn(lane)
      },
      onRejected: (error) => {
        this.#handleError(error, state)
        this.#goOn(lane)
      },
    }
    return lane
  }

  /** Hands out messages of the partition until its slice is used up or a handler must be waited for. */
  #work(lane: Lane): void {
    const { state } = lane
    while (!this.#end.hasBegun && state.isDeliverable) {
      let step: Step | undefined
      try {
        step = this.#take(state)
      } catch (error) {
        this.#handleError(error, state)
        break
      }
      if (step === undefined) break
      if (isThenable(step.result)) {
        state.enter()
        lane.first = step.first
        lane.work ??= this.#tools.watch.begin()
        asPromise(step.result).then(lane.onResolved, lane.onRejected)
        return
      }
      state.tracker.current = undefined
    }
    this.#finish(lane)
  }

  /** A handler came back; the partition goes on at once, because its next message is likely to be in the slice. */
  #goOn(lane: Lane): void {
    const isRecovered = lane.work !== undefined && this.#tools.watch.restart(lane.work)
    lane.state.leave()
    if (isRecovered) this.#tools.onRecovered()
    this.#work(lane)
  }

  #handleError(error: unknown, state: PartitionState): void {
    if (state.isAborted || state.phase === 'revoked') this.#tools.onAbandonedError(error, state)
    else this.#end.begin(handlerFailure(error, state.tracker.current))
  }

  #finish({ state, work }: Lane): void {
    if (work !== undefined) this.#tools.watch.end(work)
    state.isBusy = false
    this.#active--
    this.#tools.onProgress()
    this.#tools.ready.add(state)
    if (!this.#isPumping) this.#pump()
    this.#settleWhenIdle()
  }

  #settleWhenIdle(): void {
    if (this.#active === 0 && !this.#isPumping) this.#end.complete()
  }

  async stop(): Promise<void> {
    this.#end.begin()
    this.#settleWhenIdle()
    await this.#end.reached()
  }

  fail(error: KafkaError): void {
    this.#end.begin(error)
    this.#settleWhenIdle()
  }
}
