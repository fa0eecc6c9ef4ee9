import type { KafkaError } from '../../base/errors'
import type { Message } from '../../message/message'
import type { HandlerContext, PartitionState } from '../partition-state'
import { asPromise, isThenable } from '../../message/thenable'
import type { Delivery, DeliveryTools } from './delivery'
import { DeliveryEnd, handlerFailure } from '../../message/delivery-end'
import { DeliveryTurn } from '../../message/delivery-turn'

/** A message on its way through the delivery. */
interface Job {
  readonly message: Message
  readonly state: PartitionState
  /** The partition's when the message was taken: after a seek or a revocation it is no longer handed out. */
  readonly positionToken: number
  readonly finish: () => void
  /** Jobs of the same key that wait for this one; undefined when order does not matter. */
  readonly lane: Lane | undefined
}

interface Lane {
  readonly key: string
  readonly waiting: Job[]
}

export interface ConcurrentDeliveryOptions {
  /** How many handlers run at the same time. */
  readonly concurrency: number
  /** True: messages of one key and partition are handled one after another. Messages without a key have no order. */
  readonly keepsKeyOrder: boolean
}

/** A partition reads ahead of its oldest unfinished message by so many messages for each handler, and at least so many. */
const readAheadPerHandler = 16
const leastReadAhead = 256
/** The time is looked at once in so many messages. */
const turnCheckInterval = 64

/**
 * Hands out messages of all partitions side by side, by key or without order. What is finished may lie behind what is
 * not: the partition's tracker sees to it that commits never pass a gap (L15), and how far a partition reads past its
 * oldest unfinished message is bounded.
 *
 *     slice ──▶ key is free: runnable ──▶ handler ──▶ next of that key becomes runnable
 *           └─▶ key is busy: waits in its lane
 */
export class ConcurrentDelivery<M extends Message> implements Delivery {
  readonly #tools: DeliveryTools
  readonly #options: ConcurrentDeliveryOptions
  readonly #handler: (message: M, context: HandlerContext) => unknown
  readonly #end = new DeliveryEnd()
  readonly #turn: DeliveryTurn
  readonly #lanes = new Map<PartitionState, Map<string, Lane>>()
  /** Partitions that have read ahead as far as they may. */
  readonly #full = new Set<PartitionState>()
  readonly #readAhead: number
  readonly #parked = new Map<PartitionState, Job[]>()
  #runnable: Job[] = []
  #head = 0
  #running = 0
  #isPumping = false
  #started = 0

  constructor(
    tools: DeliveryTools,
    options: ConcurrentDeliveryOptions,
    handler: (message: M, context: HandlerContext) => unknown,
  ) {
    this.#tools = tools
    this.#options = options
    this.#handler = handler
    this.#turn = new DeliveryTurn(tools.clock, () => this.#pump())
    this.#readAhead = Math.max(leastReadAhead, options.concurrency * readAheadPerHandler)
  }

  /** Resolves when the delivery was stopped and its handlers have come back; rejects when it failed. */
  ended(): Promise<void> {
    return this.#end.outcome()
  }

  wake(): void {
    this.#turn.begin()
    this.#unpark()
    this.#pump()
  }

  #pump(): void {
    if (this.#isPumping || this.#end.hasBegun) return
    this.#isPumping = true
    while (!this.#end.hasBegun && this.#running < this.#options.concurrency) {
      if (this.#started++ % turnCheckInterval === 0 && this.#turn.shouldYield()) {
        this.#started = 0
        break
      }
      const job = this.#nextJob()
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
        if (!job.state.isPaused) return job
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
      const { tracker } = state
      if (tracker.pendingCount >= this.#readAhead) {
        this.#full.add(state)
        continue
      }
      for (const message of state.reader.takeSlice()) this.#enqueue(state, message)
      ready.add(state)
      return true
    }
    return false
  }

  #enqueue(state: PartitionState, message: Message): void {
    const lane = this.#laneOf(state, message)
    const finish = state.tracker.begin(message)
    const job: Job = { message, state, positionToken: state.positionToken, finish, lane: lane?.lane }
    if (lane?.isBusy) lane.lane.waiting.push(job)
    else this.#runnable.push(job)
  }

  #laneOf(state: PartitionState, message: Message): { lane: Lane; isBusy: boolean } | undefined {
    if (!this.#options.keepsKeyOrder) return undefined
    const key = message.rawKey?.toString('latin1')
    if (key === undefined) return undefined
    let lanes = this.#lanes.get(state)
    if (lanes === undefined) this.#lanes.set(state, (lanes = new Map<string, Lane>()))
    const known = lanes.get(key)
    if (known !== undefined) return { lane: known, isBusy: true }
    const lane: Lane = { key, waiting: [] }
    lanes.set(key, lane)
    return { lane, isBusy: false }
  }

  #start(job: Job): void {
    const { state, message } = job
    let result: unknown
    try {
      result = this.#handler(message as M, state.context)
    } catch (error) {
      return this.#handleError(error, job)
    }
    if (!isThenable(result)) return this.#finish(job)
    const { watch } = this.#tools
    this.#running++
    state.enter()
    const work = watch.begin()
    const settle = (proceed: () => void) => {
      const isRecovered = watch.end(work)
      this.#running--
      proceed()
      state.leave()
      if (isRecovered) this.#tools.onRecovered()
      this.#pump()
      this.#settleWhenIdle()
    }
    asPromise(result).then(
      () => settle(() => this.#finish(job)),
      (error: unknown) => settle(() => this.#handleError(error, job)),
    )
  }

  #finish(job: Job): void {
    const { state } = job
    job.finish()
    this.#release(job)
    this.#tools.onProgress()
    if (this.#full.size > 0 && state.tracker.pendingCount < this.#readAhead && this.#full.delete(state)) {
      this.#tools.ready.add(state)
    }
  }

  /** The next message of the same key can run. */
  #release({ lane, state }: Job): void {
    if (lane === undefined) return
    const next = lane.waiting.shift()
    if (next !== undefined) this.#runnable.push(next)
    else {
      const lanes = this.#lanes.get(state)
      lanes?.delete(lane.key)
      if (lanes?.size === 0) this.#lanes.delete(state)
    }
  }

  /** A paused partition's jobs wait for its resumption. */
  #park(job: Job): void {
    const parked = this.#parked.get(job.state)
    if (parked === undefined) this.#parked.set(job.state, [job])
    else parked.push(job)
  }

  #unpark(): void {
    for (const [state, jobs] of this.#parked) {
      if (state.isPaused && state.isOwned) continue
      this.#parked.delete(state)
      this.#runnable = [...jobs, ...this.#runnable.slice(this.#head)]
      this.#head = 0
    }
  }

  #handleError(error: unknown, job: Job): void {
    const { state } = job
    if (state.isAborted || state.phase === 'revoked') {
      this.#release(job)
      this.#tools.onAbandonedError(error, state)
    } else this.#end.begin(handlerFailure(error, job.message))
  }

  #settleWhenIdle(): void {
    if (this.#running === 0 && !this.#isPumping) this.#end.complete()
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

function isCurrent({ state, positionToken }: Job): boolean {
  return state.isOwned && state.positionToken === positionToken
}
