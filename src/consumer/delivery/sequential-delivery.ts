import type { KafkaError } from '../../base/errors'
import { DeliveryEnd, handlerFailure } from '../../message/delivery-end'
import { DeliveryTurn } from '../../message/delivery-turn'
import type { Message } from '../../message/message'
import type { MessageBatch } from '../../message/message-batch'
import { asPromise, isThenable } from '../../message/thenable'
import type { ResolvedErrorPolicy } from '../failures/error-policy'
import { FailureHandling } from '../failures/failure-handling'
import type { PartitionState } from '../partition-state'
import type { Delivery, DeliveryTools } from './delivery'
import { batchHandOut, type HandOut, type Lane, messageHandOut, nothingLeft } from './hand-out'
import type { BatchContext, HandlerContext } from './handler-context'

export interface SequentialDeliveryOptions<M extends Message> {
  /** How many partitions are worked on at the same time. */
  readonly concurrency: number
  /** Undefined: the first failure ends the run. */
  readonly onError: ResolvedErrorPolicy<M> | undefined
}

/**
 * Hands out each partition's messages one after another, and several partitions side by side. A handler is awaited only
 * when it gives back a promise; as long as it does not, messages are handed out in one go, a turn at a time.
 *
 *     ready ──▶ partition is busy ──▶ handler … handler ──▶ slice used up ──▶ ready again, behind the others
 *
 * A message that failed and is to be retried goes back into the partition's reader, so that the position is right
 * whatever happens meanwhile; its partition stays busy, and so waits for it, but holds none of the `concurrency`.
 */
export class SequentialDelivery<M extends Message> implements Delivery {
  readonly #tools: DeliveryTools
  readonly #concurrency: number
  /** Most messages that are taken from a partition before the next one has its turn. */
  readonly #sliceLength: number | undefined
  readonly #handOut: HandOut
  readonly #failures: FailureHandling<Lane, M> | undefined
  readonly #end = new DeliveryEnd()
  readonly #turn: DeliveryTurn
  readonly #onStop = () => void this.stop()
  #active = 0
  #isPumping = false

  private constructor(
    tools: DeliveryTools,
    { concurrency, onError }: SequentialDeliveryOptions<M>,
    handOut: HandOut,
    sliceLength?: number,
  ) {
    this.#tools = tools
    this.#concurrency = concurrency
    this.#sliceLength = sliceLength
    this.#handOut = handOut
    this.#turn = new DeliveryTurn(tools.clock, () => this.#pump())
    if (onError !== undefined) this.#failures = this.#handleBy(onError)
  }

  /** One message at a time. */
  static ofMessages<M extends Message>(
    tools: DeliveryTools,
    options: SequentialDeliveryOptions<M>,
    handler: (message: M, context: HandlerContext) => unknown,
  ): SequentialDelivery<M> {
    return new SequentialDelivery(tools, options, messageHandOut(handler))
  }

  /** All that is ready of one partition at a time, up to `maxMessages`. */
  static ofBatches<M extends Message>(
    tools: DeliveryTools,
    options: SequentialDeliveryOptions<M>,
    maxMessages: number,
    handler: (batch: MessageBatch<M>, context: BatchContext<M>) => unknown,
  ): SequentialDelivery<M> {
    return new SequentialDelivery(tools, options, batchHandOut(handler, tools.onProgress), maxMessages)
  }

  #handleBy(policy: ResolvedErrorPolicy<M>): FailureHandling<Lane, M> {
    return new FailureHandling(policy, this.#tools, {
      onDue: () => this.#pump(),
      onSplit: (lane) => {
        lane.singles = lane.length
        this.#setFailures(lane, 0)
      },
      onGivenUp: (lane) => {
        lane.state.reader.next()
        lane.finished++
        this.#close(lane)
      },
      onDropped: (lane) => this.#close(lane),
      onStop: (lane, error) => {
        this.#begin(error)
        this.#close(lane)
      },
    })
  }

  /** Resolves when the delivery was stopped and its handlers have come back; rejects when it failed. */
  ended(): Promise<void> {
    return this.#end.outcome()
  }

  wake(): void {
    this.#failures?.dropStale()
    this.#turn.begin()
    this.#pump()
  }

  #pump(): void {
    if (this.#isPumping || this.#end.hasBegun) return
    this.#isPumping = true
    while (!this.#end.hasBegun && this.#active < this.#concurrency && !this.#turn.shouldYield()) {
      const lane = this.#failures?.takeDue() ?? this.#takeLane()
      if (lane === undefined) break
      this.#active++
      this.#work(lane)
    }
    this.#isPumping = false
    this.#settleWhenIdle()
  }

  #takeLane(): Lane | undefined {
    const state = this.#tools.ready.take(this.#sliceLength)
    if (state === undefined) return undefined
    state.isBusy = true
    return this.#openLane(state)
  }

  #openLane(state: PartitionState): Lane {
    const lane: Lane = {
      state,
      message: undefined,
      batch: undefined,
      length: 1,
      context: { signal: state.signal, attempt: 1, stop: this.#onStop },
      finished: 0,
      failures: 0,
      failedAt: undefined,
      singles: 0,
      work: undefined,
      onResolved: () => {
        // A seek in the meantime has set the position anew; then this message is no longer the one tracked.
        if (state.tracker.current === lane.message) state.tracker.current = undefined
        if (lane.failedAt !== undefined) this.#handleSuccess(lane)
        this.#tools.onProgress(lane.length)
        this.#goOn(lane)
      },
      onRejected: (error) => this.#handleRejection(lane, error),
    }
    return lane
  }

  /** Hands out messages of the partition until its slice is used up or a handler must be waited for. */
  #work(lane: Lane): void {
    const { state } = lane
    while (!this.#end.hasBegun && state.isDeliverable) {
      let result: unknown
      try {
        result = this.#handOut(lane)
      } catch (error) {
        return this.#handleThrown(lane, error)
      }
      if (result === nothingLeft) break
      if (isThenable(result)) {
        if (lane.finished > 0) this.#tellProgress(lane)
        lane.message = state.tracker.current
        state.enter()
        lane.work ??= this.#tools.watch.begin(lane)
        asPromise(result).then(lane.onResolved, lane.onRejected)
        return
      }
      state.tracker.current = undefined
      lane.finished += lane.length
      if (lane.failedAt !== undefined) this.#handleSuccess(lane)
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

  #handleThrown(lane: Lane, error: unknown): void {
    const failure = this.#takeBack(lane, error)
    if (failure === undefined) return this.#finish(lane)
    this.#rest(lane)
    this.#failures?.handle(failure)
    this.#pump()
  }

  #handleRejection(lane: Lane, error: unknown): void {
    const failure = this.#takeBack(lane, error)
    if (failure === undefined) return this.#goOn(lane)
    const isRecovered = this.#rest(lane)
    lane.state.leave()
    if (isRecovered) this.#tools.onRecovered()
    this.#failures?.handle(failure)
    this.#pump()
  }

  /** Puts back what the handler failed at, for the policy to decide; undefined when there is nothing to decide. */
  #takeBack(lane: Lane, error: unknown) {
    const { state } = lane
    const message = state.tracker.current
    const isGone = state.isAborted || !state.isOwned
    if (this.#failures === undefined || message === undefined || isGone) {
      this.#handleError(error, state)
      return undefined
    }
    const { batch = [message] } = lane
    const rest = batch.slice(batch.indexOf(message))
    state.reader.putBack(rest)
    state.tracker.current = undefined
    this.#setFailures(lane, lane.failedAt === message ? lane.failures + 1 : 1)
    lane.failedAt = message
    return { work: lane, state, message, error, attempts: lane.failures, size: rest.length }
  }

  /** @param failures of the message that is handed out next */
  #setFailures(lane: Lane, failures: number): void {
    lane.failures = failures
    lane.context = { ...lane.context, attempt: failures + 1 }
  }

  /** What had failed, or was under suspicion because its batch had failed, did not fail this time. */
  #handleSuccess(lane: Lane): void {
    this.#setFailures(lane, 0)
    if (lane.singles > 0) lane.singles--
    if (lane.singles === 0) lane.failedAt = undefined
  }

  #handleError(error: unknown, state: PartitionState): void {
    if (state.isAborted || state.phase === 'revoked')
      this.#tools.monitor.abandoned(state, error, 'after its partition had been given away')
    else if (this.#failures === undefined) this.#begin(handlerFailure(error, state.tracker.current))
    else this.#tools.monitor.abandoned(state, error, 'after its messages had been finished or given away')
  }

  /** The lane waits: others have its place. Answers as `HandlerWatch.end` does. */
  #rest(lane: Lane): boolean {
    const { work } = lane
    lane.work = undefined
    this.#active--
    return work !== undefined && this.#tools.watch.end(work)
  }

  /** The slice is used up, or the partition can't be handed out any more. */
  #finish(lane: Lane): void {
    this.#rest(lane)
    this.#close(lane)
  }

  #close(lane: Lane): void {
    const { state } = lane
    state.isBusy = false
    state.reader.releaseHandedOut()
    this.#tellProgress(lane)
    this.#tools.ready.add(state)
    if (!this.#isPumping) this.#pump()
    this.#settleWhenIdle()
  }

  /** Of messages whose handlers needed not be waited for. */
  #tellProgress(lane: Lane): void {
    const { finished } = lane
    lane.finished = 0
    this.#tools.onProgress(finished)
  }

  #begin(error?: KafkaError): void {
    this.#end.begin(error)
    this.#failures?.close()
  }

  #settleWhenIdle(): void {
    if (this.#active === 0 && !this.#isPumping && this.#failures?.isIdle !== false) this.#end.complete()
  }

  async stop(): Promise<void> {
    this.fail()
    await this.#end.reached()
  }

  fail(error?: KafkaError): void {
    this.#begin(error)
    this.#settleWhenIdle()
  }
}
