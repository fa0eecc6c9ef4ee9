import { ErrorCode } from '../base/error-codes'
import { BrokerError, ConnectionError, KafkaError, TimeoutError, type ErrorContext } from '../base/errors'
import type { ResponseError } from '../cluster/cluster'
import type { AdminCall } from './admin-call'
import { codes, failedShard, type ItemCall, type Shard } from './item-runner'
import type { Outcome } from './item-result'

/** What a controller answers to one item while controllers change, or when it did not get it done in time. */
export const controllerRetries = codes('NOT_CONTROLLER', 'REQUEST_TIMED_OUT')

/** What a coordinator answers to one group while it moves or loads, or while a transaction's offsets are open. */
export const coordinatorRetries = codes(
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'REQUEST_TIMED_OUT',
  'UNSTABLE_OFFSET_COMMIT',
)

/** All items in one request. */
export function oneShard<Item, Value>(
  items: readonly Item[],
  send: (items: readonly Item[]) => Promise<ReadonlyMap<Item, Outcome<Value>>>,
): readonly Shard<Item, Value>[] {
  return [{ items, send: () => send(items) }]
}

/**
 * The error of a response whose every item says NOT_CONTROLLER: the request went to the wrong broker. Where only some
 * say so, those items are tried again alone, so that what was done is not asked for twice.
 */
export function notController<Answer extends ResponseError>(answers: readonly Answer[]): Answer | undefined {
  return answers.every(({ errorCode }) => errorCode === ErrorCode.NOT_CONTROLLER) ? answers[0] : undefined
}

/** Items of the same `key`, in the order in which the keys come. */
export function groupBy<Item, Key>(items: readonly Item[], key: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) pushTo(groups, key(item), item)
  return groups
}

function pushTo<Key, Item>(groups: Map<Key, Item[]>, key: Key, item: Item): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [item])
  else group.push(item)
}

/**
 * Splits groups by their coordinator. A group whose coordinator can't be found fails alone.
 * @param send one request to one coordinator
 */
export async function planByCoordinator<Item, Value>(
  call: AdminCall,
  items: readonly Item[],
  groupId: (item: Item) => string,
  send: (nodeId: number, items: readonly Item[]) => Promise<ReadonlyMap<Item, Outcome<Value>>>,
): Promise<readonly Shard<Item, Value>[]> {
  const located = await Promise.all(
    items.map(async (item): Promise<{ item: Item; at: number | KafkaError }> => {
      try {
        return { item, at: await call.cluster.coordinator('group', groupId(item), call.deadline) }
      } catch (error) {
        return { item, at: KafkaError.from(error, 'The group coordinator could not be found') }
      }
    }),
  )
  call.deadline.throwIfAborted()
  const failed = new Map<Item, KafkaError>()
  const found = new Map<number, Item[]>()
  for (const { item, at } of located) {
    if (at instanceof KafkaError) failed.set(item, at)
    else pushTo(found, at, item)
  }
  return withFailed(
    failed,
    [...found].map(([nodeId, members]) => ({ items: members, send: () => send(nodeId, members) })),
  )
}

/** Shards of what was located, and one more for what was not. */
export function withFailed<Item, Value>(
  failed: ReadonlyMap<Item, KafkaError>,
  shards: readonly Shard<Item, Value>[],
): readonly Shard<Item, Value>[] {
  return failed.size === 0 ? shards : [...shards, failedShard(failed)]
}

/** The call of a request that belongs to group coordinators: looked up again when it moved or does not answer. */
export function coordinatorCall<Item, Value>(
  call: AdminCall,
  groupId: (item: Item) => string,
  send: (nodeId: number, items: readonly Item[]) => Promise<ReadonlyMap<Item, Outcome<Value>>>,
): ItemCall<Item, Value> {
  return {
    plan: (items) => planByCoordinator(call, items, groupId, send),
    retried: coordinatorRetries,
    beforeRetry: (item, error) => {
      if (meansCoordinatorMoved(error)) call.cluster.forgetCoordinator('group', groupId(item))
    },
  }
}

function meansCoordinatorMoved(error: KafkaError): boolean {
  if (error instanceof ConnectionError || error instanceof TimeoutError) return true
  if (!(error instanceof BrokerError)) return false
  return (
    error.errorCode === ErrorCode.NOT_COORDINATOR || error.errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE
  )
}

/** The outcome of an item the broker answered: its error if it has one, otherwise the value. */
export function outcomeOf<Value>(
  answer: ResponseError,
  what: string,
  context: ErrorContext,
  value: () => Value,
): Outcome<Value> {
  if (answer.errorCode === ErrorCode.NONE) return { value: value() }
  return { error: brokerError(answer, what, context) }
}

export function brokerError(answer: ResponseError, what: string, context: ErrorContext): BrokerError {
  return new BrokerError(answer.errorCode, what, {
    ...context,
    brokerMessage: answer.errorMessage ?? null,
  })
}
