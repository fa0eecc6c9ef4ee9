// Guards what programs find in the errors of KafkaJS's admin: which are the broker's own word, and which say that
// retries are used up.
import type { Admin } from '../../src/kafkajs/types/admin'
import { failure, KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()
let admin: Admin

beforeEach(async () => {
  await setup.start({ brokers: 2, topics: [{ name: 't' }] })
  admin = setup.own(setup.kafka().admin())
  await admin.connect()
})

afterEach(async () => {
  await setup.end()
})

describe('5 refusals of brokers', () => {
  const unknown = { name: 'KafkaJSProtocolError', type: 'UNKNOWN_TOPIC_OR_PARTITION', code: 3 }

  test('5: one that the call does not try again is told as it is, also where it may pass', async () => {
    const topicPartitions = [{ topic: 'gone', count: 3 }]
    expect(await failure(admin.createPartitions({ topicPartitions }))).toMatchObject({
      ...unknown,
      retriable: true,
    })
    expect(await failure(admin.fetchTopicMetadata({ topics: ['gone'] }))).toMatchObject(unknown)
    const resources = [{ type: 2, name: 'gone' }]
    expect(await failure(admin.describeConfigs({ resources, includeSynonyms: false }))).toMatchObject(unknown)
  })

  test('5, 6: one that the call tries again says how often that was', async () => {
    const usedUp = { name: 'KafkaJSNumberOfRetriesExceeded', retryCount: 3, retriable: false, cause: unknown }
    expect(await failure(admin.deleteTopics({ topics: ['gone'] }))).toMatchObject(usedUp)
    expect(await failure(admin.fetchTopicOffsets('gone'))).toMatchObject(usedUp)
    expect(await failure(admin.fetchTopicOffsetsByTimestamp('gone', 1))).toMatchObject(usedUp)
  })

  test('5: deleteTopicRecords of a partition that nobody leads', async () => {
    const partitions = [{ partition: 7, offset: '1' }]
    expect(await failure(admin.deleteTopicRecords({ topic: 't', partitions }))).toMatchObject({
      name: 'KafkaJSDeleteTopicRecordsError',
      message: 'Error while deleting records',
      retriable: false,
      partitions: [
        {
          partition: 7,
          offset: '1',
          error: { name: 'KafkaJSBrokerNotFound', message: 'Could not find the leader for the partition' },
        },
      ],
    })
  })

  test('5: deleteGroups tells each group that was not deleted', async () => {
    expect(await failure(admin.deleteGroups(['nobody', 'none']))).toMatchObject({
      name: 'KafkaJSDeleteGroupsError',
      message: 'Error in DeleteGroups',
      groups: ['nobody', 'none'].map((groupId) => ({
        groupId,
        errorCode: 69,
        error: { name: 'KafkaJSProtocolError', type: 'GROUP_ID_NOT_FOUND' },
      })),
    })
  })

  test('5: setOffsets and resetOffsets of a group with members', async () => {
    const consumer = setup.own(setup.kafka().consumer({ groupId: 'busy' }))
    await consumer.subscribe({ topics: ['t'] })
    await consumer.run({ eachMessage: async () => {} })
    const message = 'The consumer group must have no running instances, current state: Stable'
    const refusal = { name: 'KafkaJSNonRetriableError', message }
    const partitions = [{ partition: 0, offset: '0' }]
    expect(await failure(admin.setOffsets({ groupId: 'busy', topic: 't', partitions }))).toMatchObject(
      refusal,
    )
    const reset = admin.resetOffsets({ groupId: 'busy', topic: 't', earliest: true })
    expect(await failure(reset)).toMatchObject(refusal)
  })
})

describe('5, 6 what is tried again', () => {
  test('5, 6: a controller that has moved, whatever the call', async () => {
    for (const api of ['CreateTopics', 'CreatePartitions', 'DeleteTopics'] as const) {
      setup.cluster.faults.fail(api, 'NOT_CONTROLLER', { times: 1 })
    }
    expect(await admin.createTopics({ topics: [{ topic: 'new' }] })).toBe(true)
    await admin.createPartitions({ topicPartitions: [{ topic: 'new', count: 2 }] })
    await admin.deleteTopics({ topics: ['new'] })
    const refused = setup.cluster.requests.filter().filter(({ errorCode }) => errorCode === 41)
    expect(refused.map(({ api }) => api)).toEqual(['CreateTopics', 'CreatePartitions', 'DeleteTopics'])
  })

  test('5, 6: a coordinator that is not there yet, when groups are deleted', async () => {
    await admin.setOffsets({ groupId: 'g', topic: 't', partitions: [{ partition: 0, offset: '0' }] })
    setup.cluster.faults.fail('DeleteGroups', 'COORDINATOR_NOT_AVAILABLE', { times: 2 })
    expect(await admin.deleteGroups(['g'])).toEqual([{ groupId: 'g', errorCode: 0 }])
  })

  test('5, 6: a call ends when its retries may take no longer, and says that they are used up', async () => {
    const retry = { retries: 1, initialRetryTime: 5, maxRetryTime: 10 }
    const hasty = setup.own(setup.kafka({ requestTimeout: 300, retry }).admin())
    await hasty.connect()
    setup.cluster.faults.fail('CreatePartitions', 'NOT_CONTROLLER')
    const topicPartitions = [{ topic: 't', count: 2 }]
    expect(await failure(hasty.createPartitions({ topicPartitions }))).toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      retryCount: 1,
      cause: { name: 'KafkaJSProtocolError', type: 'NOT_CONTROLLER', code: 41 },
    })
  })

  test('5: a method that is called before connect connects', async () => {
    const other = setup.own(setup.kafka().admin())
    expect(await other.listTopics()).toEqual(['t'])
  })
})

describe('5 the time of a call', () => {
  test('5: `timeout` is what brokers are given', async () => {
    await admin.createTopics({ topics: [{ topic: 'new' }], timeout: 4000, waitForLeaders: false })
    await admin.createPartitions({ topicPartitions: [{ topic: 'new', count: 2 }], timeout: 4000 })
    await admin.deleteTopics({ topics: ['new'], timeout: 4000 })
    for (const api of ['CreateTopics', 'CreatePartitions', 'DeleteTopics'] as const) {
      const [logged] = setup.cluster.requests.filter({ api })
      expect(logged?.request.timeoutMs).toBeLessThanOrEqual(4000)
      expect(logged?.request.timeoutMs).toBeGreaterThan(2000)
    }
  })

  test('5: topics whose partitions get no leader in time', async () => {
    const { controller } = await admin.describeCluster()
    const replica = controller === 1 ? 2 : 1
    setup.cluster.once('CreateTopics', async (_, exchange) => {
      const response = await exchange.proceed()
      await setup.cluster.stopBroker(replica)
      return response
    })
    const replicaAssignment = [{ partition: 0, replicas: [replica] }]
    const topics = [{ topic: 'new', replicaAssignment }]
    const error = await failure(admin.createTopics({ topics, timeout: 300 }))
    expect(error).toMatchObject({
      name: 'KafkaJSTimeout',
      message: 'Timed out while waiting for topic leaders',
      retriable: false,
    })
  })

  test('5: validateOnly creates nothing, and waits for no leader', async () => {
    expect(await admin.createTopics({ topics: [{ topic: 'new' }], validateOnly: true })).toBe(true)
    expect(await admin.listTopics()).toEqual(['t'])
  })
})
