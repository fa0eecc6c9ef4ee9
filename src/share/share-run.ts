import { KafkaError } from '../base/errors'
import { DeliveryEnd, handlerFailure } from '../message/delivery-end'
import { DeliveryTurn } from '../message/delivery-turn'
import type { HandledWork, WatchedWork } from '../message/handler-watch'
import { asPromise, isThenable } from '../message/thenable'
import { acknowledgeCode } from './acknowledge-type'
import {
  concludeAs,
  type FailedAs,
  handledBy,
  notAcknowledged,
  type ShareDelivery,
  type ShareDeliveryTools,
  whichMessage,
} from './share-delivery'
import { LockContext, type ShareHandlerContext } from './share-handler-context'
import type { ShareMessage } from './share-message'

export interface ShareRunOptions {
  /** Handlers that run at the same time. */
  readonly concurrency: number
  /** What becomes of a message whose handler failed. */
  readonly failedAs: (error: unknown, message: ShareMessage) => FailedAs
}

/** One handler at a time. Kept for the next message, so that a message costs no closures. */
interface Lane {
  message: ShareMessage | undefined
  context: LockContext | undefined
  work: WatchedWork | undefined
  readonly handled: HandledWork
  readonly onResolved: () => void
  readonly onRejected: (error: unknown) => void
}

/**
 * Hands messages out to a handler, several at the same time, in no order: share groups have none. A handler is awaited
 * only when it gives back a promise.
 *
 *     buffer ──▶ handler ──▶ came back ──▶ accept
 *        ▲                └── failed ────▶ release, reject or accept
 *        └── a renewal was the last word: again, once it is confirmed (explicit only)
 */
export class ShareRun<M extends ShareMessage> implements ShareDelivery {
  readonly #tools: ShareDeliveryTools
  readonly #options: ShareRunOptions
  readonly #handler: (message: M, context: ShareHandlerContext) => unknown
  readonly #end = new DeliveryEnd()
  readonly #turn: DeliveryTurn
  readonly #idleLanes: Lane[] = []
  /** Messages whose renewals were confirmed: they come before others. */
  readonly #renewed: ShareMessage[] = []
  /** Renewals that are waited for before anything else is handed out. */
  #renewing = 0
  #active = 0
  #isPumping = false

  constructor(
    tools: ShareDeliveryTools,
    options: ShareRunOptions,
    handler: (message: M, context: ShareHandlerContext) => unknown,
  ) {
    this.#tools = tools
    this.#options = options
    this.#handler = handler
    this.#turn = new DeliveryTurn(tools.clock, () => this.#pump())
  }

  /** Resolves when the run was stopped and its handlers have come back; rejects when it failed. */
  ended(): Promise<void> {
    return this.#end.outcome()
  }

  wake(): void {
    this.#turn.begin()
    this.#pump()
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

  #pump(): void {
    if (this.#isPumping || this.#end.hasBegun) return
    this.#isPumping = true
    while (!this.#end.hasBegun && this.#active < this.#options.concurrency && !this.#turn.shouldYield()) {
      const message = this.#take()
      if (message === undefined) break
      this.#start(message)
    }
    this.#isPumping = false
    this.#settleWhenIdle()
  }

  /** While renewals are waited for, only their messages are handed out (S1). */
  #take(): ShareMessage | undefined {
    const renewed = this.#renewed.shift()
    if (renewed !== undefined || this.#renewing > 0) return renewed
    return this.#tools.buffer.next()
  }

  #start(message: ShareMessage): void {
    const context = new LockContext(message)
    let result: unknown
    try {
      result = this.#handler(message as M, context)
    } catch (error) {
      this.#handleError(error, message)
      return context.end()
    }
    if (!isThenable(result)) {
      this.#conclude(message)
      return context.end()
    }
    const lane = this.#idleLanes.pop() ?? this.#openLane()
    lane.message = message
    lane.context = context
    lane.work = this.#tools.watch.begin(lane.handled)
    this.#active++
    asPromise(result).then(lane.onResolved, lane.onRejected)
  }

  #openLane(): Lane {
    const lane: Lane = {
      message: undefined,
      context: undefined,
      work: undefined,
      handled: handledBy(() => lane.message),
      onResolved: () => {
        this.#conclude(lane.message as ShareMessage)
        this.#goOn(lane)
      },
      onRejected: (error) => {
        this.#handleError(error, lane.message as ShareMessage)
        this.#goOn(lane)
      },
    }
    return lane
  }

  #goOn(lane: Lane): void {
    lane.context?.end()
    const isRecovered = lane.work !== undefined && this.#tools.watch.end(lane.work)
    lane.message = lane.context = lane.work = undefined
    this.#idleLanes.push(lane)
    this.#active--
    if (isRecovered) this.#tools.onRecovered()
    if (!this.#isPumping) this.#pump()
    this.#settleWhenIdle()
  }

  /** The handler came back. */
  #conclude(message: ShareMessage): void {
    if (!this.#tools.isExplicit) return message.say(acknowledgeCode.accept)
    if (message.said === undefined) {
      message.say(acknowledgeCode.release)
      this.#end.begin(notAcknowledged(message))
    } else if (message.said === acknowledgeCode.renew) this.#awaitRenewal(message)
  }

  #awaitRenewal(message: ShareMessage): void {
    this.#renewing++
    let isAtOnce = true
    message.whenRenewed(() => {
      this.#renewing--
      if (message.loss === undefined) {
        message.unsay()
        this.#renewed.push(message)
      }
      if (!isAtOnce) this.wake()
    })
    isAtOnce = false
  }

  #handleError(error: unknown, message: ShareMessage): void {
    let type: FailedAs
    try {
      type = this.#options.failedAs(error, message)
    } catch (cause) {
      concludeAs(message, 'release')
      return this.#end.begin(handlerFailure(cause, message))
    }
    this.#tools.logger.warn(`A handler failed: ${type} its message`, {
      ...whichMessage(message),
      reason: KafkaError.from(error).message,
    })
    concludeAs(message, type)
  }

  #settleWhenIdle(): void {
    if (this.#active === 0 && !this.#isPumping) this.#end.complete()
  }
}
