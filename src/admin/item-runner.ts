import { ErrorCode, type ErrorCodeName } from '../base/error-codes'
import { AbortedError, BrokerError, KafkaError, TimeoutError } from '../base/errors'
import type { AdminCall } from './admin-call'
import type { Outcome } from './item-result'

/** Some items of a call that travel in one request. */
export interface Shard<Item, Value> {
  readonly items: readonly Item[]
  /** Sends the request. What it throws is the error of each of its items. */
  send(): Promise<ReadonlyMap<Item, Outcome<Value>>>
}

/** How one kind of call is split, and what of it is tried again. */
export interface ItemCall<Item, Value> {
  /** Splits the items into requests; asked again with the items that have to be tried again. */
  plan(items: readonly Item[]): Promise<readonly Shard<Item, Value>[]>
  /** The broker errors after which an item is tried again. Lost connections and timeouts always are. */
  readonly retried: ReadonlySet<number>
  /** Called for each item before it is planned again, for instance to forget its coordinator. */
  beforeRetry?(item: Item, error: KafkaError): void
  /** Says no to a retry that `retried` allows. */
  giveUp?(item: Item, error: KafkaError): boolean
}

/** The codes of these names. */
export function codes(...names: readonly ErrorCodeName[]): ReadonlySet<number> {
  return new Set(names.map((name) => ErrorCode[name]))
}

/**
 * Runs a call over many items: planned into shards, sent side by side, merged per item. Only failed items are
 * tried again, each shard on its own, with backoff, until the call's deadline; a failed shard fails only its own
 * items.
 *
 *   items ──plan──▶ shard ──send──▶ done
 *     ▲              shard ──send──▶ failed ──┬─▶ done, with its error
 *     └───────────── backoff ◀── retriable ───┘
 *
 * @throws AbortedError when the caller's signal fires; every other failure is an item's outcome
 */
export async function runItems<Item, Value>(
  call: AdminCall,
  items: readonly Item[],
  itemCall: ItemCall<Item, Value>,
): Promise<ReadonlyMap<Item, Outcome<Value>>> {
  const run = new ItemRun(call, itemCall)
  if (items.length > 0) await run.drive(items, 1)
  return run.outcomes
}

class ItemRun<Item, Value> {
  readonly outcomes = new Map<Item, Outcome<Value>>()
  readonly #call: AdminCall
  readonly #itemCall: ItemCall<Item, Value>

  constructor(call: AdminCall, itemCall: ItemCall<Item, Value>) {
    this.#call = call
    this.#itemCall = itemCall
  }

  async drive(items: readonly Item[], round: number): Promise<void> {
    this.#call.deadline.throwIfAborted()
    const shards = await this.#plan(items)
    await Promise.all(shards.map((shard) => this.#runShard(shard, round)))
  }

  /** A plan that fails (no broker answers the lookup) is the failure of one shard that holds all items. */
  async #plan(items: readonly Item[]): Promise<readonly Shard<Item, Value>[]> {
    try {
      return await this.#itemCall.plan(items)
    } catch (error) {
      const failure = KafkaError.from(error, `${this.#call.deadline.what} failed`)
      if (failure instanceof AbortedError) throw failure
      return [failedShard(new Map(items.map((item) => [item, failure])))]
    }
  }

  async #runShard(shard: Shard<Item, Value>, round: number): Promise<void> {
    const outcomes = await this.#send(shard)
    const again: Item[] = []
    for (const item of shard.items) {
      const outcome = outcomes.get(item) ?? { error: missingAnswer(this.#call.deadline.what) }
      const cutShort = this.#cutShort(item, outcome)
      // Kept also when the item is tried again: it is the answer if the deadline comes before the next one.
      this.outcomes.set(item, cutShort ?? outcome)
      if (cutShort === undefined && 'error' in outcome && this.#isRetried(item, outcome.error))
        again.push(item)
    }
    if (again.length > 0) await this.#retry(again, round)
  }

  /** An attempt that the deadline itself ended says less than the answer before it, but may have been acted upon. */
  #cutShort(item: Item, outcome: Outcome<Value>): Outcome<Value> | undefined {
    if (!('error' in outcome) || !this.#call.deadline.expired) return undefined
    const { error } = outcome
    const last = this.outcomes.has(item) ? this.#errorOf(item) : undefined
    if (!(error instanceof TimeoutError) || last === undefined || last instanceof TimeoutError)
      return undefined
    return { error: this.#timedOut(last, error.maybeWritten) }
  }

  async #send(shard: Shard<Item, Value>): Promise<ReadonlyMap<Item, Outcome<Value>>> {
    try {
      return await shard.send()
    } catch (caught) {
      const error = KafkaError.from(caught, `${this.#call.deadline.what} failed`)
      if (error instanceof AbortedError) throw error
      return new Map(shard.items.map((item) => [item, { error }]))
    }
  }

  #isRetried(item: Item, error: KafkaError): boolean {
    if (this.#itemCall.giveUp?.(item, error)) return false
    if (!(error instanceof BrokerError)) return error.retriable
    // A leader or coordinator that has left the cluster since it was looked up, or is not known to it yet.
    if (error.errorCode === ErrorCode.BROKER_NOT_AVAILABLE) return true
    return this.#itemCall.retried.has(error.errorCode)
  }

  async #retry(items: readonly Item[], round: number): Promise<void> {
    const { cluster, deadline } = this.#call
    if (!deadline.expired) {
      await deadline.sleep(cluster.backoffMs(round))
    }
    if (deadline.expired) return this.#timeOut(items)
    for (const item of items) this.#itemCall.beforeRetry?.(item, this.#errorOf(item))
    await this.drive(items, round + 1)
  }

  #timeOut(items: readonly Item[]): void {
    for (const item of items) {
      const last = this.#errorOf(item)
      if (last instanceof TimeoutError) continue
      this.outcomes.set(item, { error: this.#timedOut(last, false) })
    }
  }

  #timedOut(last: KafkaError, maybeWritten: boolean): TimeoutError {
    const { what } = this.#call.deadline
    const message = `${what} did not succeed before its timeout; the last answer was: ${last.message}`
    return new TimeoutError('TIMEOUT', message, { ...last.context, cause: last, maybeWritten })
  }

  #errorOf(item: Item): KafkaError {
    const outcome = this.outcomes.get(item)
    return outcome !== undefined && 'error' in outcome
      ? outcome.error
      : missingAnswer(this.#call.deadline.what)
  }
}

/** Items whose request can't even be sent, such as those of a coordinator that can't be found. */
export function failedShard<Item, Value>(errors: ReadonlyMap<Item, KafkaError>): Shard<Item, Value> {
  const outcomes = new Map([...errors].map(([item, error]) => [item, { error }]))
  return { items: [...errors.keys()], send: () => Promise.resolve(outcomes) }
}

function missingAnswer(what: string): KafkaError {
  return new KafkaError('INCOMPLETE_RESPONSE', `The broker's answer to ${what} leaves out this item`)
}
