import type { KafkaError } from '../../base/errors'
import { pushTo } from '../../base/group-by'
import { DeliveryEnd, handlerFailure } from '../../message/delivery-end'
import { DeliveryTurn } from '../../message/delivery-turn'
import type { HandledWork, WatchedWork } from '../../message/handler-watch'
import type { Message } from '../../message/message'
import { asPromise, isThenable } from '../../message/thenable'
import type { ResolvedErrorPolicy } from '../failures/error-policy'
import { FailureHandling } from '../failures/failure-handling'
import type { PartitionState } from '../partition-state'
import type { Delivery, DeliveryTools } from './delivery'
import type { HandlerContext } from './handler-context'
import { type KeyLane, KeyLanes } from './key-lanes'
import type { HandedOut } from './offset-tracker'
import { type PendingSlice, PendingSlices } from './pending-slices'

/** A message on its way through the delivery. */
interface Job extends HandledWork {
  readonly message: Message
  readonly state: PartitionState
  /** The partition's when the message was taken: after a seek or a revocation it is no longer handed out. */
  readonly positionToken: number
  /** The partition's account of it. */
  readonly handedOut: HandedOut
  /** Those that were taken with it. */
  readonly slice: PendingSlice
  /** Jobs of the same key that wait for this one; undefined when order does not matter. */
  readonly lane: KeyLane<Job> | undefined
  /** Shared by the messages of a slice, until one of them fails. */
  context: HandlerContext
  /** Set while a handler is waited for. */
  work: WatchedWork | undefined
}

export interface ConcurrentDeliveryOptions<M extends Message> {
  /** How many handlers run at the same time. */
  readonly concurrency: number
  /** True: messages of one key and partition are handled one after another. Messages without a key have no order. */
  readonly keepsKeyOrder: boolean
  /** Undefined: the first failure ends the run. */
  readonly onError: ResolvedErrorPolicy<M> | undefined
}

/** A partition reads ahead of its oldest unfinished message by so many messages for each handler, and at least so many. */
const readAheadPerHandler = 16
const leastReadAhead = 256
/** The time is looked at once in so many messages. */
const turnCheckInterval = 64

/**
 * Hands out messages of all partitions side by side, by key or without order. What is finished may lie behind what is
 * not: the partition's tracker sees to it that commits never pass a gap (L15), and how far a partition reads past its
 * oldest unfinished message is bounded, also while that one is being retried.
 *
 *     slice ──▶ key is free: runnable ──▶ handler ──▶ next of that key becomes runnable
 *           └─▶ key is busy: waits in its lane
 */
export class ConcurrentDelivery<M extends Message> implements Delivery {
  readonly #tools: DeliveryTools
  readonly #concurrency: number
  readonly #handler: (message: M, context: HandlerContext) => unknown
  readonly #failures: FailureHandling<Job, M> | undefined
  readonly #end = new DeliveryEnd()
  readonly #turn: DeliveryTurn
  readonly #lanes: KeyLanes<Job> | undefined
  readonly #slices: PendingSlices
  /** Partitions that have read ahead as far as they may. */
  readonly #full = new Set<PartitionState>()
  readonly #readAhead: number
  readonly #parked = new Map<PartitionState, Job[]>()
  readonly #onStop = () => void this.stop()
  #runnable: Job[] = []
  #head = 0
  #running = 0
  #isPumping = false
  #started = 0

  constructor(
    tools: DeliveryTools,
    options: ConcurrentDeliveryOptions<M>,
    handler: (message: M, context: HandlerContext) => unknown,
  ) {
    const { concurrency, keepsKeyOrder, onError } = options
    this.#tools = tools
    this.#concurrency = concurrency
    this.#handler = handler
    this.#turn = new DeliveryTurn(tools.clock, () => this.#pump())
    this.#slices = new PendingSlices(tools.memory)
    this.#readAhead = Math.max(leastReadAhead, concurrency * readAheadPerHandler)
    if (keepsKeyOrder) this.#lanes = new KeyLanes()
    if (onError !== undefined) this.#failures = this.#handleBy(onError)
  }

  #handleBy(policy: ResolvedErrorPolicy<M>): FailureHandling<Job, M> {
    return new FailureHandling(policy, this.#tools, {
      onDue: () => this.#pump(),
      onSplit: () => undefined,
      onGivenUp: (job) => {
        this.#finish(job)
        this.#pump()
        this.#settleWhenIdle()
      },
      onDropped: (job) => {
        this.#release(job)
        this.#settleWhenIdle()
      },
      onStop: (_job, error) => this.fail(error),
    })
  }

  /** Resolves when the delivery was stopped and its handlers have come back; rejects when it failed. */
  ended(): Promise<void> {
    return this.#end.outcome()
  }

  wake(): void {
    this.#failures?.dropStale()
    this.#turn.begin()
    this.#unpark()
    this.#pump()
  }

  #pump(): void {
    if (this.#isPumping || this.#end.hasBegun) return
    this.#isPumping = true
    while (!this.#end.hasBegun && this.#running < this.#concurrency) {
      if (this.#started++ % turnCheckInterval === 0 && this.#turn.shouldYield()) {
        this.#started = 0
        break
      }
      const job = this.#failures?.takeDue() ?? this.#nextJob()
      if (job === undefined) break
      this.#start(job)
    }
    this.#isPumping = false
    this.#settleWhenIdle()
  }

  #nextJob(): Job | undefined {
    for (;;) {
      const job = this.#runnable[this.#head]
      if (job === undefined) {
        this.#runnable = []
        this.#head = 0
        if (!this.#takeSlice()) return undefined
        continue
      }
      this.#head++
      if (isCurrent(job)) {
        if (!job.state.isHeld) return job
        this.#park(job)
        continue
      }
      this.#release(job)
    }
  }

  /** Turns the next partition's slice into jobs; false when no partition has messages. */
  #takeSlice(): boolean {
    const { ready } = this.#tools
    for (let state = ready.take(); state !== undefined; state = ready.take()) {
      if (state.tracker.pendingCount >= this.#readAhead) {
        this.#full.add(state)
        continue
      }
      const context = { signal: state.signal, attempt: 1, stop: this.#onStop }
      const messages = state.reader.takeSlice()
      const slice = this.#slices.begin(messages.length, state.reader.takeOverDecompressed())
      for (const message of messages) this.#enqueue(state, message, context, slice)
      ready.add(state)
      return true
    }
    return false
  }

  #enqueue(state: PartitionState, message: Message, context: HandlerContext, slice: PendingSlice): void {
    const lane = this.#lanes?.of(state, message.rawKey)
    const { positionToken } = state
    const handedOut = state.tracker.begin(message)
    const job: Job = { message, state, positionToken, handedOut, slice, lane, context, work: undefined }
    if (lane === undefined || lane.enter(job)) this.#runnable.push(job)
  }

  #start(job: Job): void {
    const { state, message } = job
    let result: unknown
    try {
      result = this.#handler(message as M, job.context)
    } catch (error) {
      return this.#handleError(error, job)
    }
    if (!isThenable(result)) return this.#finish(job)
    this.#running++
    state.enter()
    job.work = this.#tools.watch.begin(job)
    asPromise(result).then(
      () => {
        const isRecovered = this.#endWork(job)
        this.#finish(job)
        this.#goOn(job, isRecovered)
      },
      (error: unknown) => {
        const isRecovered = this.#endWork(job)
        this.#handleError(error, job)
        this.#goOn(job, isRecovered)
      },
    )
  }

  /** Answers as `HandlerWatch.end` does. */
  #endWork(job: Job): boolean {
    this.#running--
    return job.work !== undefined && this.#tools.watch.end(job.work)
  }

  #goOn({ state }: Job, isRecovered: boolean): void {
    state.leave()
    if (isRecovered) this.#tools.onRecovered()
    this.#pump()
    this.#settleWhenIdle()
  }

  #finish(job: Job): void {
    const { state, handedOut } = job
    state.tracker.finish(handedOut)
    this.#release(job)
    this.#tools.onProgress(1)
    if (this.#full.size > 0 && state.tracker.pendingCount < this.#readAhead && this.#full.delete(state)) {
      this.#tools.ready.add(state)
    }
  }

  /** The job is done with: the next message of the same key can run. */
  #release({ lane, slice }: Job): void {
    this.#slices.finish(slice)
    const next = lane?.leave()
    if (next !== undefined) this.#runnable.push(next)
  }

  /** A paused partition's jobs wait for its resumption. */
  #park(job: Job): void {
    pushTo(this.#parked, job.state, job)
  }

  /** Jobs of partitions that were resumed, or given away, go on; nothing is kept of partitions that are gone. */
  #unpark(): void {
    for (const [state, jobs] of this.#parked) {
      if (state.isHeld && state.isOwned) continue
      this.#parked.delete(state)
      this.#runnable = [...jobs, ...this.#runnable.slice(this.#head)]
      this.#head = 0
    }
    for (const state of this.#full) if (!state.isOwned) this.#full.delete(state)
  }

  #handleError(error: unknown, job: Job): void {
    const { state, message } = job
    if (state.isAborted || state.phase === 'revoked') {
      this.#release(job)
      this.#tools.monitor.abandoned(state, error, 'after its partition had been given away')
    } else if (this.#failures === undefined) {
      this.#begin(handlerFailure(error, message))
    } else if (!isCurrent(job)) {
      this.#release(job)
      this.#tools.monitor.abandoned(state, error, 'after its message had been given away')
    } else {
      const attempts = job.context.attempt
      job.context = { ...job.context, attempt: attempts + 1 }
      this.#failures.handle({ work: job, state, message, error, attempts, size: 1 })
    }
  }

  #begin(error?: KafkaError): void {
    this.#end.begin(error)
    this.#failures?.close()
  }

  #settleWhenIdle(): void {
    if (this.#running > 0 || this.#isPumping || this.#failures?.isIdle === false) return
    if (this.#end.hasBegun) this.#slices.end()
    this.#end.complete()
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

function isCurrent({ state, positionToken }: Job): boolean {
  return state.isOwned && state.positionToken === positionToken
}
