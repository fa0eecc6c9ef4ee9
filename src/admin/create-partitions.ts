import * as z from 'zod/mini'
import { createPartitionsApi } from '../wire/generated/client/create-partitions'
import { request, requestTimeoutMs, type AdminCall } from './admin-call'
import { nodeIdSchema, parseItems, topicNameSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { mutationRetries, quotaOptionFields, type QuotaOptions } from './quota-options'
import { oneShard, notController, outcomeOf } from './shards'
import { waitUntilReady } from './topic-readiness'

/** More partitions for one topic. */
export interface NewPartitions {
  readonly topic: string
  /** The number of partitions the topic shall have in all. */
  readonly totalCount: number
  /** Per new partition the node ids of its replicas. Default: the controller chooses. */
  readonly assignments?: readonly (readonly number[])[]
}

/** A topic that got its partitions. */
export interface CreatedPartitions {
  readonly topic: string
}

export interface CreatePartitionsOptions extends QuotaOptions {
  /** Checks whether the partitions could be added, and adds none. Default: false. */
  readonly validateOnly?: boolean
  /**
   * Resolves only when every live broker knows the new partitions and their leaders, so that what follows sees them.
   * Default: true. (The Java client does not wait.)
   */
  readonly waitUntilReady?: boolean
}

/** The options of `createPartitions` as they are checked. */
export const createPartitionsOptions = z.lazy(() =>
  z.strictObject({
    ...quotaOptionFields,
    validateOnly: z._default(z.boolean(), false),
    waitUntilReady: z._default(z.boolean(), true),
  }),
)

const newPartitionsSchema = z.lazy(() =>
  z.strictObject({
    topic: topicNameSchema,
    totalCount: z.int().check(z.minimum(1), z.maximum(2_147_483_647)),
    assignments: z.optional(z.array(z.array(nodeIdSchema).check(z.minLength(1))).check(z.minLength(1))),
  }),
)

/** Kafka: `Admin.createPartitions`, API CreatePartitions, to the controller. */
export async function createPartitions(
  call: AdminCall,
  topics: readonly NewPartitions[],
  options: z.output<typeof createPartitionsOptions>,
): Promise<ItemResult<CreatedPartitions, 'topic'>[]> {
  const items = parseItems(
    'createPartitions',
    'topics',
    newPartitionsSchema,
    topics,
    ({ topic }) => `topic '${topic}'`,
  )
  const outcomes = await runItems<NewPartitions, CreatedPartitions>(call, items, {
    plan: (open) => Promise.resolve(oneShard(open, (shard) => send(call, shard, options.validateOnly))),
    retried: mutationRetries(options),
  })
  const results = itemResults(items, outcomes, ({ topic }) => ({ topic }))
  if (options.waitUntilReady && !options.validateOnly) {
    await waitUntilReady(
      call,
      items
        .filter((_, index) => results[index]?.error === null)
        .map(({ topic, totalCount }) => ({ name: topic, partitions: totalCount })),
    )
  }
  return results
}

async function send(
  call: AdminCall,
  topics: readonly NewPartitions[],
  validateOnly: boolean,
): Promise<ReadonlyMap<NewPartitions, Outcome<CreatedPartitions>>> {
  const body = {
    topics: topics.map(({ topic, totalCount, assignments }) => ({
      name: topic,
      count: totalCount,
      assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
    })),
    timeoutMs: requestTimeoutMs(call),
    validateOnly,
  }
  const response = await request(call, { kind: 'controller' }, createPartitionsApi, body, {
    errorOf: (answer) => notController(answer.results),
  })
  const byName = new Map(topics.map((each) => [each.topic, each]))
  const outcomes = new Map<NewPartitions, Outcome<CreatedPartitions>>()
  for (const answer of response.results) {
    const item = byName.get(answer.name)
    if (item === undefined) continue
    const context = { api: createPartitionsApi.name, topic: answer.name }
    const what = `The topic was not given ${item.totalCount} partitions`
    outcomes.set(
      item,
      outcomeOf(answer, what, context, () => ({ topic: answer.name })),
    )
  }
  return outcomes
}
