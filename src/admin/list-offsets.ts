import * as z from 'zod/mini'
import { groupBy } from '../base/group-by'
import type { TopicPartition } from '../base/topic-partition'
import { listOffsetsApi, type ListOffsetsResponse } from '../wire/generated/client/list-offsets'
import { attempt, requestTimeoutMs, type AdminCall } from './admin-call'
import { parseItems, partitionSchema, topicNameSchema } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { byTopic, leaderCall, partitionIndex } from './leader-shards'
import { outcomeOf } from './shards'

/**
 * Which offset of a partition:
 * - `earliest`: of the first message kept
 * - `latest`: the next one to be written; with `read_committed` the first of an open transaction
 * - `maxTimestamp`: of the message with the largest timestamp (Kafka 3.0)
 * - `earliestLocal`: of the first message on the broker's own disks (tiered storage, Kafka 3.5)
 * - `latestTiered`: of the last message in remote storage (Kafka 3.9)
 * - `earliestPendingUpload`: of the first message not yet in remote storage (Kafka 4.2)
 * - `{ timestamp }`: of the first message with this timestamp, in ms since the epoch, or a later one
 */
export type OffsetSpec =
  | 'earliest'
  | 'latest'
  | 'maxTimestamp'
  | 'earliestLocal'
  | 'latestTiered'
  | 'earliestPendingUpload'
  | { readonly timestamp: number }

/** An offset to look up. One partition may be asked for several offsets in one call. */
export interface OffsetQuery extends TopicPartition {
  readonly at: OffsetSpec
}

/** An offset that was looked up. */
export interface ListedOffset extends TopicPartition {
  readonly at: OffsetSpec
  /** Null when there is no such message: none so late, an empty partition. */
  readonly offset: bigint | null
  /** Of the message, in ms since the epoch; null for offsets that are no message's, such as `latest`. */
  readonly timestamp: number | null
  /** Null where the broker does not say it. */
  readonly leaderEpoch: number | null
}

export interface ListOffsetsOptions extends AdminCallOptions {
  /** `read_committed`: `latest` does not go past the first open transaction. Default: `read_uncommitted`. */
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed'
}

/** The options of `listOffsets` as they are checked. */
export const listOffsetsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    isolationLevel: z._default(z.enum(['read_uncommitted', 'read_committed']), 'read_uncommitted'),
  }),
)

/** The timestamp that stands for each spec, and the first version whose brokers know it: older ones take it for a time. */
const sentinels = {
  latest: { timestamp: -1n, minVersion: 1 },
  earliest: { timestamp: -2n, minVersion: 1 },
  maxTimestamp: { timestamp: -3n, minVersion: 7 },
  earliestLocal: { timestamp: -4n, minVersion: 8 },
  latestTiered: { timestamp: -5n, minVersion: 9 },
  earliestPendingUpload: { timestamp: -6n, minVersion: 11 },
} as const

const querySchema = z.lazy(() =>
  z.strictObject({
    topic: topicNameSchema,
    partition: partitionSchema,
    at: z.union(
      [
        z.enum([
          'earliest',
          'latest',
          'maxTimestamp',
          'earliestLocal',
          'latestTiered',
          'earliestPendingUpload',
        ]),
        z.strictObject({ timestamp: z.int().check(z.minimum(0)) }),
      ],
      "must be 'earliest', 'latest', 'maxTimestamp' or { timestamp: milliseconds since the epoch }",
    ),
  }),
)

type Options = z.output<typeof listOffsetsOptions>
type Found = Pick<ListedOffset, 'offset' | 'timestamp' | 'leaderEpoch'>

/** Read-committed requests exist since this version (Kafka 0.11). */
const isolationVersion = 2

/** Kafka: `Admin.listOffsets`, API ListOffsets, to the leader of each partition. */
export async function listOffsets(
  call: AdminCall,
  queries: readonly OffsetQuery[],
  options: Options,
): Promise<ItemResult<ListedOffset, 'topic' | 'partition' | 'at'>[]> {
  const items = parseItems('listOffsets', 'queries', querySchema, queries, describeQuery)
  const outcomes = await runItems<OffsetQuery, Found>(
    call,
    items,
    leaderCall(call, { split, send: (nodeId, shard) => send(call, nodeId, shard, options) }),
  )
  return itemResults(items, outcomes, ({ topic, partition, at }) => ({ topic, partition, at }))
}

/** `the offset of orders-0 at 'latest'`, for messages. */
export function describeQuery({ topic, partition, at }: OffsetQuery): string {
  const spec = typeof at === 'string' ? `'${at}'` : `timestamp ${at.timestamp}`
  return `the offset of ${topic}-${partition} at ${spec}`
}

function minVersion({ at }: OffsetQuery): number {
  return typeof at === 'string' ? sentinels[at].minVersion : 1
}

/** Brokers refuse a partition that stands twice in a request; a spec too new for a broker must not fail the others. */
function split(queries: readonly OffsetQuery[]): OffsetQuery[][] {
  const seen = new Map<string, number>()
  return [
    ...groupBy(queries, (query) => {
      const id = `${query.topic}/${query.partition}/${minVersion(query)}`
      const occurrence = seen.get(id) ?? 0
      seen.set(id, occurrence + 1)
      return `${minVersion(query)}/${occurrence}`
    }).values(),
  ]
}

async function send(
  call: AdminCall,
  nodeId: number,
  queries: readonly OffsetQuery[],
  { isolationLevel }: Options,
): Promise<ReadonlyMap<OffsetQuery, Outcome<Found>>> {
  const committed = isolationLevel === 'read_committed'
  const response = await attempt(
    call,
    nodeId,
    listOffsetsApi,
    {
      replicaId: -1,
      isolationLevel: committed ? 1 : 0,
      topics: byTopic(queries).map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, at }) => ({
          partitionIndex: partition,
          timestamp: typeof at === 'string' ? sentinels[at].timestamp : BigInt(at.timestamp),
        })),
      })),
      timeoutMs: requestTimeoutMs(call),
    },
    { minVersion: Math.max(committed ? isolationVersion : 1, ...queries.map(minVersion)) },
  )
  const find = partitionIndex(queries)
  const outcomes = new Map<OffsetQuery, Outcome<Found>>()
  for (const topic of response.topics) {
    for (const answer of topic.partitions) {
      const query = find(topic.name, answer.partitionIndex)
      if (query !== undefined) outcomes.set(query, outcome(query, answer, nodeId))
    }
  }
  return outcomes
}

type PartitionAnswer = ListOffsetsResponse['topics'][number]['partitions'][number]

function outcome(query: OffsetQuery, answer: PartitionAnswer, nodeId: number): Outcome<Found> {
  const { topic, partition } = query
  const context = { api: listOffsetsApi.name, topic, partition, nodeId }
  return outcomeOf(answer, 'The offset could not be listed', context, () => ({
    offset: answer.offset < 0n ? null : answer.offset,
    timestamp: answer.timestamp < 0n ? null : Number(answer.timestamp),
    leaderEpoch: answer.leaderEpoch < 0 ? null : answer.leaderEpoch,
  }))
}
