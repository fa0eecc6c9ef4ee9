import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import { compareTopicPartitions, partitionsByTopic, type TopicPartition } from '../base/topic-partition'
import {
  offsetFetchApi,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from '../wire/generated/client/offset-fetch'
import { attempt, type AdminCall } from './admin-call'
import { groupIdSchema, parseItems, topicPartitionSchema } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { brokerError, coordinatorCall } from './shards'

/** A group whose committed offsets are asked for. */
export interface GroupOffsetsQuery {
  readonly groupId: string
  /** Default: all partitions the group has committed an offset of. */
  readonly partitions?: readonly TopicPartition[]
}

/** The committed offset of one partition. */
export interface CommittedOffset extends TopicPartition {
  /** The next message the group would read; null when it has committed none of this partition. */
  readonly offset: bigint | null
  readonly leaderEpoch: number | null
  /** What the committer wrote beside the offset; often empty. */
  readonly metadata: string
}

/** A group's committed offsets, by topic and partition. A group that does not exist has none. */
export interface GroupOffsets {
  readonly groupId: string
  readonly offsets: readonly CommittedOffset[]
}

export interface ListGroupOffsetsOptions extends AdminCallOptions {
  /** Waits for open transactions that commit offsets, rather than telling the offsets before them. Default: false. */
  readonly requireStable?: boolean
}

/** The options of `listGroupOffsets` as they are checked. */
export const listGroupOffsetsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    requireStable: z._default(z.boolean(), false),
  }),
)

const querySchema = z.lazy(() =>
  z.strictObject({
    groupId: groupIdSchema,
    partitions: z.optional(z.array(topicPartitionSchema)),
  }),
)

type Options = z.output<typeof listGroupOffsetsOptions>
type Offsets = Pick<GroupOffsets, 'offsets'>

/** From here on one request asks for many groups. */
const manyGroupsVersion = 8
/** From here on topics go by id, which offsets of deleted topics no longer have. */
const lastVersionWithNames = 9
const requireStableVersion = 7
/** From here on a request can ask for all partitions. */
const allPartitionsVersion = 2

/**
 * Kafka: `Admin.listConsumerGroupOffsets`, API OffsetFetch, to the coordinator of each group, all groups of one
 * coordinator in one request (before Kafka 3.0 one by one). A group fails when one of its partitions does.
 */
export async function listGroupOffsets(
  call: AdminCall,
  queries: readonly GroupOffsetsQuery[],
  options: Options,
): Promise<ItemResult<GroupOffsets, 'groupId'>[]> {
  const items = parseItems(
    'listGroupOffsets',
    'groups',
    querySchema,
    queries,
    (item) => `group '${item.groupId}'`,
  )
  const outcomes = await runItems<GroupOffsetsQuery, Offsets>(
    call,
    items,
    coordinatorCall(
      call,
      ({ groupId }) => groupId,
      (nodeId, shard) => send(call, nodeId, shard, options),
    ),
  )
  return itemResults(items, outcomes, ({ groupId }) => ({ groupId }))
}

async function send(
  call: AdminCall,
  nodeId: number,
  queries: readonly GroupOffsetsQuery[],
  options: Options,
): Promise<ReadonlyMap<GroupOffsetsQuery, Outcome<Offsets>>> {
  const minVersion = options.requireStable
    ? requireStableVersion
    : queries.some(({ partitions }) => partitions === undefined)
      ? allPartitionsVersion
      : offsetFetchApi.minVersion
  const range = { minVersion, maxVersion: lastVersionWithNames }
  const version = await call.cluster.negotiatedVersion(nodeId, offsetFetchApi, range)
  if (version < manyGroupsVersion) return sendOneByOne(call, nodeId, queries, options, range)
  const response = await attempt(call, nodeId, offsetFetchApi, manyGroupsRequest(queries, options), {
    ...range,
    minVersion: Math.max(minVersion, manyGroupsVersion),
  })
  const answers = new Map(response.groups.map((answer) => [answer.groupId, answer]))
  const outcomes = new Map<GroupOffsetsQuery, Outcome<Offsets>>()
  for (const query of queries) {
    const answer = answers.get(query.groupId)
    if (answer !== undefined) outcomes.set(query, outcome(query.groupId, nodeId, answer))
  }
  return outcomes
}

async function sendOneByOne(
  call: AdminCall,
  nodeId: number,
  queries: readonly GroupOffsetsQuery[],
  { requireStable }: Options,
  range: { readonly minVersion: number; readonly maxVersion: number },
): Promise<ReadonlyMap<GroupOffsetsQuery, Outcome<Offsets>>> {
  const outcomes = new Map<GroupOffsetsQuery, Outcome<Offsets>>()
  for (const query of queries) {
    const body: OffsetFetchRequest = {
      groupId: query.groupId,
      topics: topicsOf(query),
      ...(requireStable ? { requireStable } : {}),
    }
    const response = await attempt(call, nodeId, offsetFetchApi, body, {
      ...range,
      maxVersion: manyGroupsVersion - 1,
    })
    outcomes.set(query, outcome(query.groupId, nodeId, response))
  }
  return outcomes
}

function manyGroupsRequest(
  queries: readonly GroupOffsetsQuery[],
  { requireStable }: Options,
): OffsetFetchRequest {
  return {
    groups: queries.map((query) => ({ groupId: query.groupId, topics: topicsOf(query) })),
    requireStable,
  }
}

/** Null asks for all partitions. */
function topicsOf({ partitions }: GroupOffsetsQuery) {
  if (partitions === undefined) return null
  return [...partitionsByTopic(partitions)].map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
}

type GroupAnswer = Pick<OffsetFetchResponse['groups'][number], 'topics' | 'errorCode'>

function outcome(
  groupId: string,
  nodeId: number,
  answer: Pick<OffsetFetchResponse, 'topics' | 'errorCode'> | GroupAnswer,
): Outcome<Offsets> {
  const context = { api: offsetFetchApi.name, groupId, nodeId }
  const what = 'The committed offsets could not be read'
  if (answer.errorCode !== ErrorCode.NONE) return { error: brokerError(answer, what, context) }
  const offsets: CommittedOffset[] = []
  for (const { name: topic, partitions } of answer.topics) {
    for (const {
      partitionIndex: partition,
      committedOffset,
      committedLeaderEpoch,
      metadata,
      errorCode,
    } of partitions) {
      if (errorCode !== ErrorCode.NONE) {
        return { error: brokerError({ errorCode }, what, { ...context, topic, partition }) }
      }
      offsets.push({
        topic,
        partition,
        offset: committedOffset < 0n ? null : committedOffset,
        leaderEpoch: committedLeaderEpoch < 0 ? null : committedLeaderEpoch,
        metadata: metadata ?? '',
      })
    }
  }
  offsets.sort(compareTopicPartitions)
  return { value: { offsets } }
}
