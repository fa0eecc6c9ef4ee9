import { ErrorCode } from '../base/error-codes'
import { BrokerError, type KafkaError } from '../base/errors'
import { groupBy } from '../base/group-by'
import type { TopicPartition } from '../base/topic-partition'
import { metadataApi, type MetadataResponse } from '../wire/generated/client/metadata'
import { request, type AdminCall } from './admin-call'
import { codes, type ItemCall, type Shard } from './item-runner'
import type { Outcome } from './item-result'
import { withFailed } from './shards'

/** What a partition leader, or the lookup of one, answers while leaders move. */
const leaderRetries = codes(
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'REQUEST_TIMED_OUT',
  'UNKNOWN_TOPIC_OR_PARTITION',
)

/**
 * Milliseconds for which a broker that does not know a topic or partition is asked again. A new topic reaches the
 * brokers one after another, within less than that; a name that is wrong should not cost the whole timeout.
 */
const unknownTopicGraceMs = 3000

export interface LeaderCall<Item, Value> {
  /** Splits the items of one leader that can not share one request, as they need different versions. */
  readonly split?: (items: readonly Item[]) => readonly (readonly Item[])[]
  /** One request to one leader. */
  readonly send: (nodeId: number, items: readonly Item[]) => Promise<ReadonlyMap<Item, Outcome<Value>>>
}

/** The call of a request that belongs to the leaders of partitions: looked up before each attempt. */
export function leaderCall<Item extends TopicPartition, Value>(
  call: AdminCall,
  { split = (items) => [items], send }: LeaderCall<Item, Value>,
): ItemCall<Item, Value> {
  const { clock } = call.cluster
  const start = clock.now()
  return {
    retried: leaderRetries,
    giveUp: (_item, error) =>
      error instanceof BrokerError &&
      error.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION &&
      clock.now() - start >= unknownTopicGraceMs,
    plan: async (items) => {
      const leaderOf = await findLeaders(call, items)
      const failed = new Map<Item, KafkaError>()
      const located = new Map<Item, number>()
      for (const item of items) {
        const leader = leaderOf(item)
        if (typeof leader === 'number') located.set(item, leader)
        else failed.set(item, leader)
      }
      const groups = groupBy([...located.keys()], (item) => located.get(item) as number)
      const shards = [...groups].flatMap(([leader, group]) =>
        split(group).map((shard): Shard<Item, Value> => ({ items: shard, send: () => send(leader, shard) })),
      )
      return withFailed(failed, shards)
    },
  }
}

/** The node id of a partition's leader, or why it is not known. */
type LeaderOf = (partition: TopicPartition) => number | KafkaError

/** Asks any broker, now: what is cached for producers and consumers covers only their topics. */
async function findLeaders(call: AdminCall, items: readonly TopicPartition[]): Promise<LeaderOf> {
  const names = [...new Set(items.map(({ topic }) => topic))]
  const response = await request(call, { kind: 'any' }, metadataApi, {
    topics: names.map((name) => ({ name })),
    allowAutoTopicCreation: false,
  })
  await learnBrokers(call, response)
  const topics = new Map(response.topics.map((topic) => [topic.name, topic]))
  return ({ topic, partition }) => {
    const answer = topics.get(topic)
    const errorCode = answer?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if (answer === undefined || errorCode !== ErrorCode.NONE) return notFound(errorCode, topic, partition)
    const found = answer.partitions.find(({ partitionIndex }) => partitionIndex === partition)
    if (found === undefined) {
      const has = `the topic has ${answer.partitions.length} partitions`
      return notFound(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, topic, partition, has)
    }
    return found.leaderId >= 0 ? found.leaderId : notFound(ErrorCode.LEADER_NOT_AVAILABLE, topic, partition)
  }
}

/** A leader that joined since the cluster's last look can't be reached before the cluster has its address. */
async function learnBrokers(call: AdminCall, response: MetadataResponse): Promise<void> {
  const { metadata } = call.cluster
  const known = new Set(metadata.brokers().map(({ nodeId }) => nodeId))
  if (response.brokers.some(({ nodeId }) => !known.has(nodeId))) await metadata.refresh(call.deadline)
}

function notFound(errorCode: number, topic: string, partition: number, detail?: string): BrokerError {
  return new BrokerError(errorCode, 'The leader of the partition could not be found', {
    api: metadataApi.name,
    topic,
    partition,
    brokerMessage: detail ?? null,
  })
}

/** Partitions by topic, as requests list them. */
export function byTopic<Item extends TopicPartition>(items: readonly Item[]): [string, Item[]][] {
  return [...groupBy(items, ({ topic }) => topic)]
}

/** Finds an item by its partition in a response. */
export function partitionIndex<Item extends TopicPartition>(
  items: readonly Item[],
): (topic: string, partition: number) => Item | undefined {
  const byPartition = new Map(items.map((item) => [`${item.topic}/${item.partition}`, item]))
  return (topic, partition) => byPartition.get(`${topic}/${partition}`)
}
