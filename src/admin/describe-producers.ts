import * as z from 'zod/mini'
import { formatTopicPartition, partitionsByTopic, type TopicPartition } from '../base/topic-partition'
import {
  describeProducersApi,
  type DescribeProducersResponse,
} from '../wire/generated/client/describe-producers'
import { attempt, type AdminCall } from './admin-call'
import { nodeIdSchema, parseItems, topicPartitionSchema } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { leaderCall, partitionIndex } from './leader-shards'
import { oneShard, outcomeOf } from './shards'

/** A producer that has written to a partition of late. */
export interface ProducerState {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Sequence number of its last message; null when it is not known. */
  readonly lastSequence: number | null
  /** Milliseconds since the epoch. */
  readonly lastTimestamp: number
  /** Epoch of the coordinator that ended its last transaction; null before the first end. */
  readonly coordinatorEpoch: number | null
  /** Where its open transaction begins; null while none is open. Readers of committed messages wait before it. */
  readonly currentTransactionStartOffset: bigint | null
}

/** A partition and the producers its broker remembers. */
export interface PartitionProducers extends TopicPartition {
  readonly producers: readonly ProducerState[]
}

export interface DescribeProducersOptions extends AdminCallOptions {
  /** Node id of a replica to ask. Default: the leader of each partition. */
  readonly nodeId?: number
}

/** The options of `describeProducers` as they are checked. */
export const describeProducersOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    nodeId: z.optional(nodeIdSchema),
  }),
)

type Producers = Pick<PartitionProducers, 'producers'>

/** Kafka: `Admin.describeProducers` (KIP-664), API DescribeProducers, to the leader of each partition. */
export async function describeProducers(
  call: AdminCall,
  partitions: readonly TopicPartition[],
  { nodeId: replica }: z.output<typeof describeProducersOptions>,
): Promise<ItemResult<PartitionProducers, 'topic' | 'partition'>[]> {
  const items = parseItems(
    'describeProducers',
    'partitions',
    topicPartitionSchema,
    partitions,
    (item) => `partition ${formatTopicPartition(item)}`,
  )
  const ofLeader = leaderCall<TopicPartition, Producers>(call, {
    send: (nodeId, shard) => send(call, nodeId, shard),
  })
  const ofReplica = (nodeId: number) => ({
    retried: new Set<number>(),
    plan: (open: readonly TopicPartition[]) =>
      Promise.resolve(oneShard(open, (shard) => send(call, nodeId, shard))),
  })
  const outcomes = await runItems(call, items, replica === undefined ? ofLeader : ofReplica(replica))
  return itemResults(items, outcomes, ({ topic, partition }) => ({ topic, partition }))
}

async function send(
  call: AdminCall,
  nodeId: number,
  items: readonly TopicPartition[],
): Promise<ReadonlyMap<TopicPartition, Outcome<Producers>>> {
  const response = await attempt(call, nodeId, describeProducersApi, {
    topics: [...partitionsByTopic(items)].map(([name, partitionIndexes]) => ({ name, partitionIndexes })),
  })
  const find = partitionIndex(items)
  const outcomes = new Map<TopicPartition, Outcome<Producers>>()
  for (const { name: topic, partitions } of response.topics) {
    for (const answer of partitions) {
      const item = find(topic, answer.partitionIndex)
      if (item === undefined) continue
      const context = { api: describeProducersApi.name, topic, partition: item.partition, nodeId }
      const producers = () => ({ producers: answer.activeProducers.map(producerState) })
      outcomes.set(item, outcomeOf(answer, 'Producers could not be described', context, producers))
    }
  }
  return outcomes
}

type ProducerAnswer =
  DescribeProducersResponse['topics'][number]['partitions'][number]['activeProducers'][number]

function producerState(answer: ProducerAnswer): ProducerState {
  const { producerId, producerEpoch, lastSequence, lastTimestamp, coordinatorEpoch } = answer
  return {
    producerId,
    producerEpoch,
    lastSequence: lastSequence < 0 ? null : lastSequence,
    lastTimestamp: Number(lastTimestamp),
    coordinatorEpoch: coordinatorEpoch < 0 ? null : coordinatorEpoch,
    currentTransactionStartOffset: answer.currentTxnStartOffset < 0n ? null : answer.currentTxnStartOffset,
  }
}
