import { createDeferred, type Deferred } from '../base/deferred'
import { InvalidArgumentError, type KafkaError } from '../base/errors'
import { DeliveryTurn } from '../message/delivery-turn'
import type { HandledWork, WatchedWork } from '../message/handler-watch'
import { acknowledgeCode } from './acknowledge-type'
import {
  concludeAs,
  handledBy,
  notAcknowledged,
  type ShareDelivery,
  type ShareDeliveryTools,
} from './share-delivery'
import type { ShareMessage } from './share-message'

/**
 * Hands out messages to one `for await` loop. Asking for the next message accepts the one before, or needs it to be
 * acknowledged; leaving the loop releases it.
 */
export class ShareIteration<M extends ShareMessage> implements ShareDelivery, AsyncIterableIterator<M> {
  readonly #tools: ShareDeliveryTools
  readonly #turn: DeliveryTurn
  readonly #onEnded: () => void
  readonly #stopped = createDeferred<void>()
  #open: ShareMessage | undefined
  /** The loop asked to have it again, under a new lock that is waited for. */
  #renewing: ShareMessage | undefined
  #work: WatchedWork | undefined
  readonly #handled: HandledWork
  #waiting: Deferred<IteratorResult<M>> | undefined
  #isStopping = false
  #isEnded = false
  #failure: KafkaError | undefined

  /** @param onEnded called once, when nothing will be handed out any more and nothing is open */
  constructor(tools: ShareDeliveryTools, onEnded: () => void) {
    this.#tools = tools
    this.#onEnded = onEnded
    this.#turn = new DeliveryTurn(tools.clock, () => this.#supply())
    this.#handled = handledBy(() => this.#open)
    this.#turn.begin()
  }

  [Symbol.asyncIterator](): this {
    return this
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

  /** The loop was left: what it worked on is released. */
  return(): Promise<IteratorResult<M>> {
    this.#isStopping = true
    this.#failure = undefined
    if (this.#open !== undefined) concludeAs(this.#open, 'release')
    this.#closeOpen()
    return this.#end()
  }

  wake(): void {
    this.#turn.begin()
    this.#supply()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#waiting !== undefined) this.#supply()
    else if (this.#open === undefined) void this.#end().catch(() => undefined)
    await this.#stopped.promise
  }

  fail(error: KafkaError): void {
    this.#failure ??= error
    this.#isStopping = true
    if (this.#waiting !== undefined) this.#supply()
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
    if (this.#renewing !== undefined || this.#turn.shouldYield()) return undefined
    const message = this.#tools.buffer.next()
    return message === undefined ? undefined : this.#handOut(message)
  }

  #handOut(message: ShareMessage): M {
    this.#open = message
    this.#work ??= this.#tools.watch.begin(this.#handled)
    return message as M
  }

  #finishOpen(): void {
    const open = this.#open
    if (open === undefined) return
    if (!this.#tools.isExplicit) open.say(acknowledgeCode.accept)
    else if (open.said === undefined) {
      open.say(acknowledgeCode.release)
      this.#failure ??= notAcknowledged(open)
      this.#isStopping = true
    } else if (open.said === acknowledgeCode.renew) this.#awaitRenewal(open)
    this.#closeOpen()
  }

  /** While its renewal is waited for, nothing else is handed out (S1). */
  #awaitRenewal(message: ShareMessage): void {
    this.#renewing = message
    message.whenRenewed(() => {
      if (this.#renewing !== message) return
      setImmediate(() => this.#takeBack(message))
    })
  }

  #takeBack(message: ShareMessage): void {
    this.#renewing = undefined
    const waiting = this.#waiting
    if (message.loss === undefined && waiting !== undefined && !this.#isStopping) {
      message.unsay()
      this.#waiting = undefined
      return waiting.resolve({ done: false, value: this.#handOut(message) })
    }
    if (message.loss === undefined) concludeAs(message, 'release')
    this.wake()
  }

  #closeOpen(): void {
    if (this.#open === undefined) return
    this.#open = undefined
    if (this.#work !== undefined && this.#tools.watch.restart(this.#work)) this.#tools.onRecovered()
  }

  #endWork(): void {
    if (this.#work !== undefined) this.#tools.watch.end(this.#work)
    this.#work = undefined
  }

  #end(): Promise<IteratorResult<M>> {
    if (!this.#isEnded) {
      this.#isEnded = true
      this.#endWork()
      this.#onEnded()
      this.#stopped.resolve()
    }
    const failure = this.#failure
    if (failure === undefined) return Promise.resolve({ done: true, value: undefined })
    this.#failure = undefined
    return Promise.reject(failure)
  }
}
