import { BrokerError, KafkaError } from '../base/errors'
import { AdminError, type AnyItemResult } from './admin-error'

/**
 * How one item of a call ended. `error` tells the two cases apart: null, and the item's data are there; or the
 * reason, and only the fields that name the item are.
 */
export type ItemResult<Item, Key extends keyof Item> =
  (Item & { readonly error: null }) | (Pick<Item, Key> & { readonly error: KafkaError })

/** The item of a result. */
export type ItemOf<Result> = Omit<Extract<Result, { readonly error: null }>, 'error'>

/** One item while it is worked on: its value, or why it has none. */
export type Outcome<Value> = { readonly value: Value } | { readonly error: KafkaError }

/** The results of a call, in the order of its items. */
export function itemResults<Item, Key extends object, Value extends object>(
  items: readonly Item[],
  outcomes: ReadonlyMap<Item, Outcome<Value>>,
  key: (item: Item) => Key,
): ((Key & Value & { readonly error: null }) | (Key & { readonly error: KafkaError }))[] {
  return items.map((item) => {
    const outcome = outcomes.get(item)
    if (outcome === undefined)
      throw new KafkaError('INTERNAL_ERROR', 'An item of an admin call has no outcome')
    return 'error' in outcome
      ? { ...key(item), error: outcome.error }
      : { ...key(item), ...outcome.value, error: null }
  })
}

/**
 * The items when all went well.
 * @param describe names an item in the error, such as `topic 'orders'`
 * @throws AdminError when any item failed; the error itself when the whole call failed for one reason
 */
export function requireAll<Result extends AnyItemResult>(
  what: string,
  results: readonly Result[],
  describe: (result: Result) => string,
): ItemOf<Result>[] {
  const items: ItemOf<Result>[] = []
  const failures = new Set<KafkaError>()
  for (const result of results) {
    if (succeeded(result)) items.push(withoutError(result))
    else if (result.error !== null) failures.add(result.error)
  }
  const [first] = failures
  if (first === undefined) return items
  // What is no item's own: one error for all of several items, or not a broker's word on the only one. Nobody answered,
  // or the client may not connect at all, and the caller can branch on the error's class.
  const isOfCall = results.length > 1 || !(first instanceof BrokerError)
  if (failures.size === 1 && items.length === 0 && isOfCall) throw first
  throw new AdminError(what, results, describe)
}

function succeeded<Result extends AnyItemResult>(
  result: Result,
): result is Extract<Result, { readonly error: null }> {
  return result.error === null
}

function withoutError<Item extends { readonly error: null }>(result: Item): Omit<Item, 'error'> {
  const { error: _none, ...item } = result
  return item
}
