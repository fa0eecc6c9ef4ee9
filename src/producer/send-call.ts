import type { KafkaError } from '../base/errors'
import type { BatchTerms } from './batch-terms'
import type { Receipt } from './outgoing-message'
import { ProduceError } from './produce-error'

/** Counts down what a `flush` waits for. */
export interface FlushBarrier {
  arrive(): void
}

type Resolve = (result: Receipt | Receipt[]) => void
type Reject = (error: KafkaError) => void

/** The ends of the promise that was made last: one function for all of them, where each call would need its own. */
let resolveLast: Resolve
let rejectLast: Reject
function takeEnds(resolve: Resolve, reject: Reject): void {
  resolveLast = resolve
  rejectLast = reject
}

/**
 * One call of `send`: the promise its caller holds, and the outcome of each of its messages. The promise settles
 * once, when the last message has its outcome.
 */
export class SendCall {
  readonly promise: Promise<Receipt | Receipt[]>
  /** What it asks of the batches that take its messages. */
  readonly terms: BatchTerms
  /**
   * By message its outcome; until it is there, the number of the call's next message in the same batch (see `chain`).
   * Undefined for a call with one message: it needs no list.
   */
  readonly #results: (Receipt | KafkaError | number)[] | undefined
  #remaining: number
  #failures = 0
  readonly #resolve: Resolve
  readonly #reject: Reject
  #barriers: FlushBarrier[] | undefined

  constructor(messageCount: number, isSingle: boolean, terms: BatchTerms) {
    this.terms = terms
    this.#remaining = messageCount
    this.#results = isSingle ? undefined : new Array(messageCount)
    this.promise = new Promise(takeEnds)
    this.#resolve = resolveLast
    this.#reject = rejectLast
  }

  /** Notes that in its batch the message at `index` is followed by that at `next`, until it has its outcome. */
  chain(index: number, next: number): void {
    if (this.#results !== undefined) this.#results[index] = next
  }

  /** The message that follows that at `index` in its batch; any number for the last of the chain. */
  nextOf(index: number): number {
    return (this.#results?.[index] ?? 0) as number
  }

  /** The message at `index` is in the log. */
  succeed(index: number, receipt: Receipt): void {
    this.#remaining--
    if (this.#results === undefined) this.#resolve(receipt)
    else {
      this.#results[index] = receipt
      if (this.#remaining === 0) this.#settle(this.#results as (Receipt | KafkaError)[])
    }
    if (this.#barriers !== undefined) this.#arrive()
  }

  /** The message at `index` will not be delivered, or it is not known whether it was. */
  fail(index: number, error: KafkaError): void {
    this.#remaining--
    this.#failures++
    if (this.#results === undefined) this.#reject(error)
    else {
      this.#results[index] = error
      if (this.#remaining === 0) this.#settle(this.#results as (Receipt | KafkaError)[])
    }
    if (this.#barriers !== undefined) this.#arrive()
  }

  /** All messages from `index` on fail, for one reason. */
  failFrom(index: number, messageCount: number, error: KafkaError): void {
    for (let i = index; i < messageCount; i++) this.fail(i, error)
  }

  /** Lets a flush know when this call has settled. */
  addBarrier(barrier: FlushBarrier): void {
    ;(this.#barriers ??= []).push(barrier)
  }

  #settle(results: (Receipt | KafkaError)[]): void {
    if (this.#failures === 0) this.#resolve(results as Receipt[])
    else this.#reject(this.#summary(results))
  }

  #arrive(): void {
    if (this.#remaining > 0) return
    for (const barrier of this.#barriers ?? []) barrier.arrive()
  }

  /** The one error of a call with several messages: that of its first failed message, with all outcomes. */
  #summary(results: readonly (Receipt | KafkaError)[]): KafkaError {
    const first = results.find((result): result is KafkaError => result instanceof Error) as KafkaError
    if (results.length === 1) return first
    const failed = `${this.#failures} of ${results.length} messages failed`
    return new ProduceError(first.code, `${failed}; the first: ${first.message}`, {
      maybeStored: results.some((result) => !(result instanceof Error) || isMaybeStored(result)),
      retriable: first.retriable,
      cause: first,
      results,
    })
  }
}

function isMaybeStored(error: KafkaError): boolean {
  return error instanceof ProduceError && error.maybeStored
}
