import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import {
  createTopicsApi,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
} from '../wire/generated/client/create-topics'
import { zeroUuid } from '../wire/primitives/uuid'
import { request, requestTimeoutMs, type AdminCall } from './admin-call'
import { configValueSchema, nodeIdSchema, parseItems, topicNameSchema } from './arguments'
import { configEntries, type ConfigEntry } from './config-entries'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { mutationRetries, quotaOptionFields, type QuotaOptions } from './quota-options'
import { oneShard, notController, outcomeOf } from './shards'
import { waitUntilReady } from './topic-readiness'

/** A topic to create. */
export interface NewTopic {
  readonly name: string
  /** Default: the broker's `num.partitions`. Not together with `assignments`. */
  readonly partitions?: number
  /** Default: the broker's `default.replication.factor`. Not together with `assignments`. */
  readonly replicationFactor?: number
  /** Per partition, from 0, the node ids of its replicas; the first is the preferred leader. */
  readonly assignments?: readonly (readonly number[])[]
  /** Kafka's topic configs, such as `{ 'retention.ms': 86400000 }`. */
  readonly configs?: Readonly<Record<string, string | number | bigint | boolean>>
}

/** A topic that was created. What a broker is too old to say, or keeps from this user, is null. */
export interface CreatedTopic {
  readonly name: string
  /** Null before Kafka 2.8, and with `validateOnly`. */
  readonly topicId: string | null
  readonly partitions: number | null
  readonly replicationFactor: number | null
  readonly configs: Readonly<Record<string, ConfigEntry>> | null
}

export interface CreateTopicsOptions extends QuotaOptions {
  /** Checks whether the topics could be created, and creates none. Default: false. */
  readonly validateOnly?: boolean
  /**
   * Resolves only when every live broker knows the new topics and their leaders, so that what follows does not
   * meet UNKNOWN_TOPIC_OR_PARTITION. Default: true. (The Java client does not wait.)
   */
  readonly waitUntilReady?: boolean
}

/** The options of `createTopics` as they are checked. */
export const createTopicsOptions = z.lazy(() =>
  z.strictObject({
    ...quotaOptionFields,
    validateOnly: z._default(z.boolean(), false),
    waitUntilReady: z._default(z.boolean(), true),
  }),
)

const newTopicSchema = z.lazy(() =>
  z
    .strictObject({
      name: topicNameSchema,
      partitions: z.optional(z.int().check(z.minimum(1), z.maximum(2_147_483_647))),
      replicationFactor: z.optional(z.int().check(z.minimum(1), z.maximum(32_767))),
      assignments: z.optional(z.array(z.array(nodeIdSchema).check(z.minLength(1))).check(z.minLength(1))),
      configs: z.optional(z.record(z.string(), configValueSchema)),
    })
    .check(
      z.refine(
        (topic) => topic.assignments === undefined || topic.partitions === undefined,
        'takes either partitions or assignments, not both',
      ),
      z.refine(
        (topic) => topic.assignments === undefined || topic.replicationFactor === undefined,
        'takes either replicationFactor or assignments, not both',
      ),
    ),
)

/**
 * Kafka: `Admin.createTopics`, API CreateTopics, to the controller. A request that timed out may have been carried
 * out: the repeated one is then answered TOPIC_ALREADY_EXISTS, which is shown and says so.
 */
export async function createTopics(
  call: AdminCall,
  topics: readonly NewTopic[],
  options: z.output<typeof createTopicsOptions>,
): Promise<ItemResult<CreatedTopic, 'name'>[]> {
  const items = parseItems('createTopics', 'topics', newTopicSchema, topics, ({ name }) => `topic '${name}'`)
  const creation = new TopicCreation(call, options.validateOnly)
  const outcomes = await runItems<NewTopic, Created>(call, items, {
    plan: (open) => Promise.resolve(oneShard(open, (shard) => creation.send(shard))),
    retried: mutationRetries(options),
  })
  const results = itemResults(items, outcomes, ({ name }) => ({ name }))
  if (options.waitUntilReady && !options.validateOnly) {
    const created = results.filter(({ error }) => error === null)
    // How many partitions a topic with the broker's own number of them gets is not said by old brokers.
    await waitUntilReady(
      call,
      created.map(({ name }) => ({ name, partitions: 1 })),
    )
  }
  return results
}

type Created = Omit<CreatedTopic, 'name'>

/** The requests of one call; remembers what was asked before, to explain a TOPIC_ALREADY_EXISTS. */
class TopicCreation {
  readonly #call: AdminCall
  readonly #validateOnly: boolean
  readonly #attempts = new Map<string, number>()

  constructor(call: AdminCall, validateOnly: boolean) {
    this.#call = call
    this.#validateOnly = validateOnly
  }

  async send(topics: readonly NewTopic[]): Promise<ReadonlyMap<NewTopic, Outcome<Created>>> {
    const response = await request(
      this.#call,
      { kind: 'controller' },
      createTopicsApi,
      () => this.#body(topics),
      {
        // Before v4 (KIP-464) a broker takes the -1 that asks for its defaults as a count.
        minVersion: topics.some(usesBrokerDefaults) ? 4 : createTopicsApi.minVersion,
        errorOf: (answer) => notController(answer.topics),
      },
    )
    const answers = new Map(response.topics.map((answer) => [answer.name, answer]))
    const outcomes = new Map<NewTopic, Outcome<Created>>()
    for (const topic of topics) {
      const answer = answers.get(topic.name)
      if (answer !== undefined) outcomes.set(topic, this.#outcome(answer))
    }
    return outcomes
  }

  /** Made anew for each attempt, which is how attempts are counted. */
  #body(topics: readonly NewTopic[]): CreateTopicsRequest {
    for (const { name } of topics) this.#attempts.set(name, (this.#attempts.get(name) ?? 0) + 1)
    return {
      topics: topics.map((topic) => ({
        name: topic.name,
        numPartitions: topic.partitions ?? -1,
        replicationFactor: topic.replicationFactor ?? -1,
        assignments: (topic.assignments ?? []).map((brokerIds, partitionIndex) => ({
          partitionIndex,
          brokerIds,
        })),
        configs: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value: String(value) })),
      })),
      timeoutMs: requestTimeoutMs(this.#call),
      validateOnly: this.#validateOnly,
    }
  }

  #outcome(answer: CreateTopicsResponse['topics'][number]): Outcome<Created> {
    const { errorCode, name } = answer
    const repeated = errorCode === ErrorCode.TOPIC_ALREADY_EXISTS && (this.#attempts.get(name) ?? 0) > 1
    const hint = ' An earlier attempt of this call was not answered and may have created it.'
    const errorMessage = repeated ? `${answer.errorMessage ?? ''}${hint}`.trim() : answer.errorMessage
    const context = { api: createTopicsApi.name, topic: name }
    return outcomeOf({ errorCode, errorMessage }, 'The topic was not created', context, () => ({
      topicId: answer.topicId === zeroUuid ? null : answer.topicId,
      partitions: known(answer.numPartitions),
      replicationFactor: known(answer.replicationFactor),
      configs: answer.configs === null || answer.numPartitions < 0 ? null : configEntries(answer.configs),
    }))
  }
}

function usesBrokerDefaults(topic: NewTopic): boolean {
  if (topic.assignments !== undefined) return false
  return topic.partitions === undefined || topic.replicationFactor === undefined
}

function known(count: number): number | null {
  return count < 0 ? null : count
}
