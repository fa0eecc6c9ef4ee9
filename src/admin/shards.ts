import { ErrorCode } from '../base/error-codes'
import { BrokerError, KafkaError, type ErrorContext } from '../base/errors'
import { groupBy, pushTo } from '../base/group-by'
import type { CoordinatorType, ResponseError } from '../cluster/cluster'
import { meansOtherCoordinator } from '../cluster/retry-policy'
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

interface CoordinatorLookup<Item> {
  readonly failed: ReadonlyMap<Item, KafkaError>
  /** Items by the node id of their coordinator. */
  readonly located: ReadonlyMap<number, Item[]>
}

/** Finds the coordinator of each key, once a key. A key whose coordinator can't be found fails alone. */
async function findCoordinators<Item>(
  call: AdminCall,
  type: CoordinatorType,
  items: readonly Item[],
  keyOf: (item: Item) => string,
): Promise<CoordinatorLookup<Item>> {
  const failed = new Map<Item, KafkaError>()
  const located = new Map<number, Item[]>()
  await Promise.all(
    [...groupBy(items, keyOf)].map(async ([key, members]) => {
      try {
        const nodeId = await call.cluster.coordinator(type, key, call.deadline)
        for (const item of members) pushTo(located, nodeId, item)
      } catch (caught) {
        const error = KafkaError.from(caught, `The ${type} coordinator could not be found`)
        for (const item of members) failed.set(item, error)
      }
    }),
  )
  call.deadline.throwIfAborted()
  return { failed, located }
}

/** Shards of what was located, and one more for what was not. */
export function withFailed<Item, Value>(
  failed: ReadonlyMap<Item, KafkaError>,
  shards: readonly Shard<Item, Value>[],
): readonly Shard<Item, Value>[] {
  return failed.size === 0 ? shards : [...shards, failedShard(failed)]
}

/**
 * The call of a request that belongs to coordinators: looked up again when it moved or does not answer.
 * @param keyOf the group id, or transactional id, of an item
 * @param split splits the items of one coordinator that can't share a request
 */
export function coordinatorCall<Item, Value>(
  call: AdminCall,
  keyOf: (item: Item) => string,
  send: (nodeId: number, items: readonly Item[]) => Promise<ReadonlyMap<Item, Outcome<Value>>>,
  split: (items: readonly Item[]) => readonly (readonly Item[])[] = (items) => [items],
  type: CoordinatorType = 'group',
): ItemCall<Item, Value> {
  return {
    plan: async (items) => {
      const { failed, located } = await findCoordinators(call, type, items, keyOf)
      const shards = [...located].flatMap(([nodeId, group]) =>
        split(group).map((shard) => ({ items: shard, send: () => send(nodeId, shard) })),
      )
      return withFailed(failed, shards)
    },
    retried: coordinatorRetries,
    beforeRetry: (item, error) => {
      if (meansOtherCoordinator(error)) call.cluster.forgetCoordinator(type, keyOf(item))
    },
  }
}

/** The call of a request that names one group: items of one coordinator go group by group. */
export function groupCall<Item extends { readonly groupId: string }, Value>(
  call: AdminCall,
  send: (
    nodeId: number,
    groupId: string,
    items: readonly Item[],
  ) => Promise<ReadonlyMap<Item, Outcome<Value>>>,
): ItemCall<Item, Value> {
  return coordinatorCall<Item, Value>(
    call,
    ({ groupId }) => groupId,
    (nodeId, shard) => send(nodeId, shard[0]?.groupId ?? '', shard),
    (shard) => [...groupBy(shard, ({ groupId }) => groupId).values()],
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
