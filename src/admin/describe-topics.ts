import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import { BrokerError, UnsupportedVersionError, type KafkaError } from '../base/errors'
import {
  describeTopicPartitionsApi,
  type DescribeTopicPartitionsResponse,
} from '../wire/generated/client/describe-topic-partitions'
import { metadataApi, type MetadataResponse } from '../wire/generated/client/metadata'
import { zeroUuid } from '../wire/primitives/uuid'
import { request, type AdminCall } from './admin-call'
import { parseItems, topicNameSchema } from './arguments'
import { authorizedOperations, type AclOperation } from './authorized-operations'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { codes, runItems } from './item-runner'
import { brokerError, oneShard } from './shards'

/** One partition of a described topic. */
export interface PartitionDescription {
  readonly partition: number
  /** Node id of the leader; null while there is none. */
  readonly leader: number | null
  /** Null before Kafka 2.4. */
  readonly leaderEpoch: number | null
  /** Node ids of all replicas, the preferred leader first. */
  readonly replicas: readonly number[]
  /** Node ids of the replicas in sync. */
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
  /** Node ids that may become leader though they are not in sync (KIP-966); null where brokers do not say. */
  readonly eligibleLeaderReplicas: readonly number[] | null
  readonly lastKnownEligibleLeaderReplicas: readonly number[] | null
}

/** A topic and its partitions, in the order of their numbers. */
export interface TopicDescription {
  readonly name: string
  /** Null before Kafka 2.8. */
  readonly topicId: string | null
  readonly isInternal: boolean
  readonly partitions: readonly PartitionDescription[]
  /** Null unless `includeAuthorizedOperations` was set. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

export interface DescribeTopicsOptions extends AdminCallOptions {
  /** Asks what this client may do with each topic. Default: false. */
  readonly includeAuthorizedOperations?: boolean
  /** Partitions per response; more of them are asked for page by page. Default: 2000. Kafka: `partitionSizeLimitPerResponse`. */
  readonly partitionsPerResponse?: number
}

/** The options of `describeTopics` as they are checked. */
export const describeTopicsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    includeAuthorizedOperations: z._default(z.boolean(), false),
    partitionsPerResponse: z._default(z.int().check(z.minimum(1), z.maximum(2_147_483_647)), 2000),
  }),
)

type Options = z.output<typeof describeTopicsOptions>
type Description = Omit<TopicDescription, 'name'>
type Descriptions = ReadonlyMap<string, Outcome<Description>>

/**
 * Kafka: `Admin.describeTopics`. API DescribeTopicPartitions (KIP-966), page by page along its cursor, to any broker;
 * Metadata where the brokers do not have it (before 3.8).
 */
export async function describeTopics(
  call: AdminCall,
  names: readonly string[],
  options: Options,
): Promise<ItemResult<TopicDescription, 'name'>[]> {
  const items = parseItems('describeTopics', 'topics', topicNameSchema, names, (name) => `topic '${name}'`)
  const outcomes = await runItems(call, items, {
    plan: (open) => Promise.resolve(oneShard(open, (shard) => describe(call, shard, options))),
    retried: codes('LEADER_NOT_AVAILABLE'),
  })
  return itemResults(items, outcomes, (name) => ({ name }))
}

async function describe(call: AdminCall, names: readonly string[], options: Options): Promise<Descriptions> {
  try {
    return await new PagedDescription(call, names, options).read()
  } catch (error) {
    if (!(error instanceof UnsupportedVersionError)) throw error
    return describeByMetadata(call, names, options)
  }
}

type Cursor = NonNullable<DescribeTopicPartitionsResponse['nextCursor']>
type TopicAnswer = DescribeTopicPartitionsResponse['topics'][number]

/** Reads the pages of one description; a topic with many partitions comes in several. */
class PagedDescription {
  readonly #call: AdminCall
  readonly #names: readonly string[]
  readonly #options: Options
  readonly #outcomes = new Map<string, Outcome<Description>>()

  constructor(call: AdminCall, names: readonly string[], options: Options) {
    this.#call = call
    // Brokers answer in this order, which is what the cursor relies on.
    this.#names = [...names].sort()
    this.#options = options
  }

  async read(): Promise<Descriptions> {
    let cursor: Cursor | null = null
    do {
      const response: DescribeTopicPartitionsResponse = await this.#page(cursor)
      for (const topic of response.topics) this.#add(topic)
      const next: Cursor | null = response.nextCursor
      if (next !== null && cursor !== null && !isAfter(next, cursor)) {
        throw new BrokerError(
          ErrorCode.UNKNOWN_SERVER_ERROR,
          'The cursor of a description does not move on',
          {
            api: describeTopicPartitionsApi.name,
            topic: next.topicName,
            partition: next.partitionIndex,
          },
        )
      }
      cursor = next
    } while (cursor !== null)
    return this.#outcomes
  }

  #page(cursor: Cursor | null): Promise<DescribeTopicPartitionsResponse> {
    const names = cursor === null ? this.#names : this.#names.filter((name) => name >= cursor.topicName)
    return request(this.#call, { kind: 'any' }, describeTopicPartitionsApi, {
      topics: names.map((name) => ({ name })),
      responsePartitionLimit: this.#options.partitionsPerResponse,
      cursor,
    })
  }

  #add(answer: TopicAnswer): void {
    const name = answer.name ?? ''
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#outcomes.set(name, {
        error: notDescribed(answer.errorCode, name, describeTopicPartitionsApi.name),
      })
      return
    }
    const before = this.#outcomes.get(name)
    const known = before !== undefined && 'value' in before ? before.value.partitions : []
    const partitions = [
      ...known,
      ...answer.partitions.map((partition) => ({
        ...describePartition(partition),
        eligibleLeaderReplicas: partition.eligibleLeaderReplicas,
        lastKnownEligibleLeaderReplicas: partition.lastKnownElr,
      })),
    ].sort(byPartition)
    const operations = this.#options.includeAuthorizedOperations
      ? answer.topicAuthorizedOperations
      : undefined
    this.#outcomes.set(name, { value: description(answer, partitions, operations) })
  }
}

function isAfter(next: Cursor, cursor: Cursor): boolean {
  if (next.topicName !== cursor.topicName) return next.topicName > cursor.topicName
  return next.partitionIndex > cursor.partitionIndex
}

async function describeByMetadata(
  call: AdminCall,
  names: readonly string[],
  options: Options,
): Promise<Descriptions> {
  const { includeAuthorizedOperations } = options
  const response: MetadataResponse = await request(call, { kind: 'any' }, metadataApi, {
    topics: names.map((name) => ({ name })),
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: includeAuthorizedOperations,
  })
  const outcomes = new Map<string, Outcome<Description>>()
  for (const answer of response.topics) {
    const name = answer.name ?? ''
    if (answer.errorCode !== ErrorCode.NONE) {
      outcomes.set(name, { error: notDescribed(answer.errorCode, name, metadataApi.name) })
      continue
    }
    const partitions = answer.partitions
      .map((partition) => ({
        ...describePartition(partition),
        eligibleLeaderReplicas: null,
        lastKnownEligibleLeaderReplicas: null,
      }))
      .sort(byPartition)
    const operations = includeAuthorizedOperations ? answer.topicAuthorizedOperations : undefined
    outcomes.set(name, { value: description(answer, partitions, operations) })
  }
  return outcomes
}

interface PartitionAnswer {
  readonly partitionIndex: number
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly replicaNodes: readonly number[]
  readonly isrNodes: readonly number[]
  readonly offlineReplicas: readonly number[]
}

/** What both APIs say of a partition. */
function describePartition(answer: PartitionAnswer) {
  return {
    partition: answer.partitionIndex,
    leader: answer.leaderId < 0 ? null : answer.leaderId,
    leaderEpoch: answer.leaderEpoch < 0 ? null : answer.leaderEpoch,
    replicas: answer.replicaNodes,
    isr: answer.isrNodes,
    offlineReplicas: answer.offlineReplicas,
  }
}

function description(
  answer: { readonly topicId: string; readonly isInternal: boolean },
  partitions: readonly PartitionDescription[],
  operations: number | undefined,
): Description {
  return {
    topicId: answer.topicId === zeroUuid ? null : answer.topicId,
    isInternal: answer.isInternal,
    partitions,
    authorizedOperations: operations === undefined ? null : authorizedOperations(operations),
  }
}

function byPartition(a: PartitionDescription, b: PartitionDescription): number {
  return a.partition - b.partition
}

function notDescribed(errorCode: number, topic: string, api: string): KafkaError {
  return brokerError({ errorCode }, 'The topic could not be described', { api, topic })
}
