// Guards against descriptions that lose a page or a topic, and listings that show what is Kafka's own.
import { Admin } from '../../../src/admin/admin'
import {
  describeTopicPartitionsApi,
  type DescribeTopicPartitionsRequest,
} from '../../../src/wire/generated/client/describe-topic-partitions'
import { metadataApi } from '../../../src/wire/generated/client/metadata'
import { zeroUuid } from '../../../src/wire/primitives/uuid'
import { metadataAnswer } from './answers'
import { FakeCluster } from './fake-cluster'

const topicId = 'BBBBBBBBBBBBBBBBBBBBBQ'

function setUp() {
  const cluster = new FakeCluster()
  return { cluster, admin: new Admin(cluster) }
}

describe('describeTopics', () => {
  const partition = (partitionIndex: number, leaderId = 1) => ({
    errorCode: 0,
    partitionIndex,
    leaderId,
    leaderEpoch: 7,
    replicaNodes: [1, 2],
    isrNodes: [1],
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
    offlineReplicas: [],
  })
  const topic = (name: string, partitions: number[], errorCode = 0) => ({
    errorCode,
    name,
    topicId,
    isInternal: false,
    partitions: partitions.map((index) => partition(index)),
    topicAuthorizedOperations: 0b1000,
  })

  it('N14: follows the cursor and joins the pages of a topic', async () => {
    const { cluster, admin } = setUp()
    const asked: DescribeTopicPartitionsRequest[] = []
    const cursor = { topicName: 'b', partitionIndex: 1 }
    cluster.on(describeTopicPartitionsApi, ({ request }) => {
      asked.push(request)
      return asked.length === 1
        ? {
            throttleTimeMs: 0,
            topics: [topic('a', [0]), topic('b', [0])],
            nextCursor: { topicName: 'b', partitionIndex: 1 },
          }
        : { throttleTimeMs: 0, topics: [topic('b', [1, 2]), topic('gone', [], 3)], nextCursor: null }
    })
    const results = await admin.describeTopics(['gone', 'b', 'a'], {
      partial: true,
      partitionsPerResponse: 2,
    })
    expect(asked.map(({ topics }) => topics.map(({ name }) => name))).toEqual([
      ['a', 'b', 'gone'],
      ['b', 'gone'],
    ])
    expect(asked[1]?.cursor).toEqual(cursor)
    expect(asked[0]?.responsePartitionLimit).toBe(2)
    expect(results.map(({ name }) => name)).toEqual(['gone', 'b', 'a'])
    expect(results[0]?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    const b = results[1]
    expect(b?.error === null && b.partitions.map((each) => each.partition)).toEqual([0, 1, 2])
  })

  it('ends when a broker answers the same cursor again', async () => {
    const { cluster, admin } = setUp()
    cluster.on(describeTopicPartitionsApi, () => ({
      throttleTimeMs: 0,
      topics: [topic('a', [0])],
      nextCursor: { topicName: 'a', partitionIndex: 1 },
    }))
    await expect(admin.describeTopics(['a'])).rejects.toThrow('The cursor of a description does not move on')
    expect(cluster.sent).toHaveLength(2)
  })

  it('asks with Metadata where brokers have no DescribeTopicPartitions', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('DescribeTopicPartitions', -1)
    cluster.on(metadataApi, ({ request }) => {
      expect(request.allowAutoTopicCreation).toBe(false)
      return metadataAnswer({ a: [2, -1], gone: 3 })
    })
    const [a, gone] = await admin.describeTopics(['a', 'gone'], { partial: true })
    expect(a).toMatchObject({
      topicId: null,
      partitions: [
        { partition: 0, leader: 2, eligibleLeaderReplicas: null },
        { partition: 1, leader: null },
      ],
      authorizedOperations: null,
    })
    expect(gone?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  it('names the operations a client may do, when asked', async () => {
    const { cluster, admin } = setUp()
    cluster.on(describeTopicPartitionsApi, () => ({
      throttleTimeMs: 0,
      topics: [topic('a', [0])],
      nextCursor: null,
    }))
    const [described] = await admin.describeTopics(['a'], { includeAuthorizedOperations: true })
    expect(described?.authorizedOperations).toEqual(['read'])
  })
})

describe('listTopics', () => {
  it("leaves out Kafka's own topics unless they are asked for", async () => {
    const { cluster, admin } = setUp()
    cluster.topics = [
      { name: 'orders', topicId: zeroUuid, isInternal: false, partitions: [] },
      { name: '__consumer_offsets', topicId, isInternal: true, partitions: [] },
    ]
    expect(await admin.listTopics()).toEqual([
      { name: 'orders', topicId: null, isInternal: false, partitions: 0 },
    ])
    const all = await admin.listTopics({ includeInternal: true })
    expect(all.map(({ name }) => name)).toEqual(['__consumer_offsets', 'orders'])
  })
})
