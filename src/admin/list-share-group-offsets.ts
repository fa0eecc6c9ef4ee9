import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import { compareTopicPartitions, partitionsByTopic, type TopicPartition } from '../base/topic-partition'
import {
  describeShareGroupOffsetsApi,
  type DescribeShareGroupOffsetsResponse,
} from '../wire/generated/client/describe-share-group-offsets'
import { attempt, type AdminCall } from './admin-call'
import { groupIdSchema, parseItems, topicPartitionSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { brokerError, coordinatorCall } from './shards'

/** A share group whose offsets are asked for. */
export interface ShareGroupOffsetsQuery {
  readonly groupId: string
  /** Default: all partitions the group reads. */
  readonly partitions?: readonly TopicPartition[]
}

/** Where a share group stands in one partition. */
export interface ShareGroupOffset extends TopicPartition {
  /** All messages before it are done with; null when the group has not begun. */
  readonly startOffset: bigint | null
  readonly leaderEpoch: number | null
  /** Messages that are not done with (KIP-1226); null before Kafka 4.2. */
  readonly lag: bigint | null
}

/** A share group's offsets, by topic and partition. A group that does not exist has none. */
export interface ShareGroupOffsets {
  readonly groupId: string
  readonly offsets: readonly ShareGroupOffset[]
}

type Offsets = Pick<ShareGroupOffsets, 'offsets'>
type GroupAnswer = DescribeShareGroupOffsetsResponse['groups'][number]

const querySchema = z.lazy(() =>
  z.strictObject({
    groupId: groupIdSchema,
    partitions: z.optional(z.array(topicPartitionSchema)),
  }),
)

/**
 * Kafka: `Admin.listShareGroupOffsets` (KIP-932), API DescribeShareGroupOffsets, to the coordinator of each group. A
 * group fails when one of its partitions does.
 */
export async function listShareGroupOffsets(
  call: AdminCall,
  queries: readonly ShareGroupOffsetsQuery[],
): Promise<ItemResult<ShareGroupOffsets, 'groupId'>[]> {
  const what = 'listShareGroupOffsets'
  const items = parseItems(what, 'groups', querySchema, queries, (item) => `group '${item.groupId}'`)
  const outcomes = await runItems<ShareGroupOffsetsQuery, Offsets>(
    call,
    items,
    coordinatorCall(
      call,
      ({ groupId }) => groupId,
      (nodeId, shard) => send(call, nodeId, shard),
    ),
  )
  return itemResults(items, outcomes, ({ groupId }) => ({ groupId }))
}

async function send(
  call: AdminCall,
  nodeId: number,
  queries: readonly ShareGroupOffsetsQuery[],
): Promise<ReadonlyMap<ShareGroupOffsetsQuery, Outcome<Offsets>>> {
  const response = await attempt(call, nodeId, describeShareGroupOffsetsApi, {
    groups: queries.map(({ groupId, partitions }) => ({ groupId, topics: topicsOf(partitions) })),
  })
  const answers = new Map(response.groups.map((answer) => [answer.groupId, answer]))
  const outcomes = new Map<ShareGroupOffsetsQuery, Outcome<Offsets>>()
  for (const query of queries) {
    const answer = answers.get(query.groupId)
    if (answer !== undefined) outcomes.set(query, outcome(answer, nodeId))
  }
  return outcomes
}

/** Null asks for all partitions. */
function topicsOf(partitions: readonly TopicPartition[] | undefined) {
  if (partitions === undefined) return null
  return [...partitionsByTopic(partitions)].map(([topicName, numbers]) => ({
    topicName,
    partitions: numbers,
  }))
}

function outcome(answer: GroupAnswer, nodeId: number): Outcome<Offsets> {
  const what = 'The offsets of the share group could not be read'
  const context = { api: describeShareGroupOffsetsApi.name, groupId: answer.groupId, nodeId }
  if (answer.errorCode !== ErrorCode.NONE) return { error: brokerError(answer, what, context) }
  const offsets: ShareGroupOffset[] = []
  for (const { topicName: topic, partitions } of answer.topics) {
    for (const one of partitions) {
      const partition = one.partitionIndex
      if (one.errorCode !== ErrorCode.NONE) {
        return { error: brokerError(one, what, { ...context, topic, partition }) }
      }
      offsets.push({
        topic,
        partition,
        startOffset: one.startOffset < 0n ? null : one.startOffset,
        leaderEpoch: one.startOffset < 0n ? null : one.leaderEpoch,
        lag: one.lag < 0n ? null : one.lag,
      })
    }
  }
  offsets.sort(compareTopicPartitions)
  return { value: { offsets } }
}
