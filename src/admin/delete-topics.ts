import * as z from 'zod/mini'
import { groupBy } from '../base/group-by'
import { deleteTopicsApi, type DeleteTopicsResponse } from '../wire/generated/client/delete-topics'
import { zeroUuid } from '../wire/primitives/uuid'
import { request, requestTimeoutMs, type AdminCall } from './admin-call'
import { parseItems, topicIdSchema, topicNameSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems, type Shard } from './item-runner'
import { mutationRetries, quotaOptionFields, type QuotaOptions } from './quota-options'
import { notController, outcomeOf } from './shards'

/** Names a topic: its name, or the id that tells it from an earlier topic of the same name. */
export type TopicReference = string | { readonly topicId: string }

/** A topic that was deleted. The one of name and id it was not named by is null where the broker does not say it. */
export interface DeletedTopic {
  readonly name: string | null
  readonly topicId: string | null
}

export type DeleteTopicsOptions = QuotaOptions

/** The options of `deleteTopics` as they are checked. */
export const deleteTopicsOptions = z.lazy(() => z.strictObject(quotaOptionFields))

const referenceSchema = z.lazy(() =>
  z.union(
    [topicNameSchema, z.strictObject({ topicId: topicIdSchema })],
    'must be a topic name or { topicId }',
  ),
)

/** DeleteTopics takes ids, and answers them, since this version (Kafka 2.8). */
const idsVersion = 6

/** Kafka: `Admin.deleteTopics`, API DeleteTopics, to the controller. */
export async function deleteTopics(
  call: AdminCall,
  topics: readonly TopicReference[],
  options: z.output<typeof deleteTopicsOptions>,
): Promise<ItemResult<DeletedTopic, 'name' | 'topicId'>[]> {
  const items = parseItems('deleteTopics', 'topics', referenceSchema, topics, describeReference).map(
    (reference) => new Deletion(reference),
  )
  const outcomes = await runItems(call, items, {
    plan: (open) => Promise.resolve(plan(call, open)),
    retried: mutationRetries(options),
  })
  return itemResults(items, outcomes, ({ name, topicId }) => ({ name, topicId }))
}

/** One topic to delete. */
class Deletion {
  readonly name: string | null
  readonly topicId: string | null

  constructor(reference: TopicReference) {
    this.name = typeof reference === 'string' ? reference : null
    this.topicId = typeof reference === 'string' ? null : reference.topicId
  }
}

/** Names and ids travel apart, so that a broker too old for ids still deletes the names. */
function plan(call: AdminCall, items: readonly Deletion[]): Shard<Deletion, DeletedTopic>[] {
  return [...groupBy(items, ({ topicId }) => topicId !== null)].map(([byId, shard]) => ({
    items: shard,
    send: () => send(call, shard, byId),
  }))
}

async function send(
  call: AdminCall,
  items: readonly Deletion[],
  byId: boolean,
): Promise<ReadonlyMap<Deletion, Outcome<DeletedTopic>>> {
  const timeoutMs = requestTimeoutMs(call)
  const response = await request(
    call,
    { kind: 'controller' },
    deleteTopicsApi,
    (version) =>
      version >= idsVersion
        ? { topics: items.map(({ name, topicId }) => ({ name, topicId: topicId ?? zeroUuid })), timeoutMs }
        : { topicNames: items.map(({ name }) => name ?? ''), timeoutMs },
    {
      minVersion: byId ? idsVersion : deleteTopicsApi.minVersion,
      errorOf: (answer) => notController(answer.responses),
    },
  )
  const outcomes = new Map<Deletion, Outcome<DeletedTopic>>()
  for (const answer of response.responses) {
    const item = items.find((each) => (byId ? each.topicId === answer.topicId : each.name === answer.name))
    if (item !== undefined) outcomes.set(item, outcome(answer))
  }
  return outcomes
}

function outcome(answer: DeleteTopicsResponse['responses'][number]): Outcome<DeletedTopic> {
  const topicId = answer.topicId === zeroUuid ? null : answer.topicId
  const context = { api: deleteTopicsApi.name, topic: answer.name ?? topicId ?? '' }
  return outcomeOf(answer, 'The topic was not deleted', context, () => ({ name: answer.name, topicId }))
}

/** `topic 'orders'` or `topic id '…'`, for messages. */
function describeReference(reference: TopicReference): string {
  return typeof reference === 'string' ? `topic '${reference}'` : `topic id '${reference.topicId}'`
}
