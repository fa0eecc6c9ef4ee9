// Guards against a broker that finds other offsets than Kafka: consumers begin, reset and truncate by them.
import { deleteRecordsApi } from '../../src/wire/generated/client/delete-records'
import {
  listOffsetsApi,
  type ListOffsetsResponsePartitionResponse,
} from '../../src/wire/generated/client/list-offsets'
import { offsetForLeaderEpochApi } from '../../src/wire/generated/client/offset-for-leader-epoch'
import { code, describeEachBroker } from './support/describe-each-broker'
import { batch, createTopic, fetch, only, produce, type TestTopic } from './support/log'
import { TransactionalProducer } from './support/transactions'

const latest = -1n
const earliest = -2n
const maxTimestamp = -3n
const earliestLocal = -4n
const latestTiered = -5n

describeEachBroker('listing offsets', {}, (broker) => {
  let topic: TestTopic
  let empty: TestTopic
  beforeAll(async () => {
    ;[topic, empty] = [await createTopic(broker), await createTopic(broker)]
    for (const timestamp of [1_000, 3_000, 2_000]) {
      await produce(broker, topic, batch({ timestamp, values: ['a', 'b'] }))
    }
  })

  const list = async (
    timestamp: bigint,
    { version = 7, name = topic.name, partition = 0, isolationLevel = 0, epoch = -1 } = {},
  ): Promise<ListOffsetsResponsePartitionResponse> => {
    const { topics } = await broker.raw(listOffsetsApi, version, {
      replicaId: -1,
      isolationLevel,
      topics: [
        {
          name,
          partitions: [
            { partitionIndex: partition, timestamp, ...(epoch >= 0 ? { currentLeaderEpoch: epoch } : {}) },
          ],
        },
      ],
      ...(version >= 10 ? { timeoutMs: 1_000 } : {}),
    })
    return only(only(topics).partitions)
  }

  it.each(broker.pick({ '3.7': [1, 2, 4, 6, 8], '4.3': [1, 2, 4, 6, 8, 10, 11] }))(
    'finds both ends with ListOffsets version %i',
    async (version) => {
      const leaderEpoch = version >= 4 ? 0 : -1
      const found = { errorCode: 0, timestamp: -1n, leaderEpoch }
      expect(await list(earliest, { version })).toMatchObject({ ...found, offset: 0n })
      expect(await list(latest, { version })).toMatchObject({ ...found, offset: 6n })
    },
  )

  it.each([
    [0n, 0n, 1_000n],
    [1_000n, 0n, 1_000n],
    [1_001n, 2n, 3_000n],
    [2_500n, 2n, 3_000n],
    [3_000n, 2n, 3_000n],
  ])('finds the first record from time %s at offset %s', async (timestamp, offset, found) => {
    expect(await list(timestamp)).toMatchObject({ errorCode: 0, offset, timestamp: found, leaderEpoch: 0 })
  })

  it('finds nothing after the last timestamp', async () => {
    expect(await list(3_001n)).toMatchObject({ errorCode: 0, offset: -1n, timestamp: -1n, leaderEpoch: -1 })
  })

  it('finds the record with the highest timestamp; before 3.8 the last of its batch', async () => {
    const offset = broker.expected('max-timestamp-before-3.8', broker.pick({ '3.7': 3n, '4.3': 2n }))
    expect(await list(maxTimestamp)).toMatchObject({
      errorCode: 0,
      timestamp: 3_000n,
      offset,
      leaderEpoch: 0,
    })
  })

  it('answers special questions of an empty partition', async () => {
    const { name } = empty
    expect(await list(latest, { name })).toMatchObject({ errorCode: 0, offset: 0n, timestamp: -1n })
    expect(await list(earliest, { name })).toMatchObject({ errorCode: 0, offset: 0n, timestamp: -1n })
    expect(await list(maxTimestamp, { name })).toMatchObject({ errorCode: 0, offset: -1n, timestamp: -1n })
    expect(await list(5_000n, { name })).toMatchObject({ errorCode: 0, offset: -1n, timestamp: -1n })
  })

  it('takes the local log for all there is without tiered storage', async () => {
    expect(await list(earliestLocal, { version: 8 })).toMatchObject({ errorCode: 0, offset: 0n })
    if (broker.version === '4.3')
      expect(await list(latestTiered, { version: 9 })).toMatchObject({ errorCode: 0, offset: -1n })
  })

  it.each([
    ['the maximum timestamp', maxTimestamp, 6],
    ['the local log', earliestLocal, 7],
  ])('since 4.0 takes the question for %s only from a version on', async (_, timestamp, version) => {
    const refused = broker.pick({ '3.7': 'NONE', '4.3': 'UNSUPPORTED_VERSION' })
    expect(code((await list(timestamp, { version })).errorCode)).toBe(refused)
  })

  it('since 4.0 refuses other negative timestamps', async () => {
    const refused = broker.pick({ '3.7': 'NONE', '4.3': 'UNSUPPORTED_VERSION' })
    expect(code((await list(-9n, { version: 8 })).errorCode)).toBe(refused)
  })

  it('knows no other topics, partitions and leader epochs', async () => {
    expect(code((await list(latest, { name: 'no-such-topic' })).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(code((await list(latest, { partition: 4 })).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(code((await list(latest, { epoch: 3 })).errorCode)).toBe('UNKNOWN_LEADER_EPOCH')
  })

  it('ends at the last stable offset for who reads committed records only', async () => {
    const own = await createTopic(broker)
    await produce(broker, own, batch())
    const producer = await new TransactionalProducer(broker).init()
    await producer.add(own)
    await producer.write(own, ['open'])
    expect(await list(latest, { name: own.name })).toMatchObject({ offset: 2n })
    expect(await list(latest, { name: own.name, isolationLevel: 1 })).toMatchObject({ offset: 1n })
    await producer.end(false)
  })
})

describeEachBroker('asking where a leader epoch ended', {}, (broker) => {
  it.each([2, 3, 4])('is answered for known, old and future epochs with version %i', async (version) => {
    const topic = await createTopic(broker)
    await produce(broker, topic, batch({ values: ['a', 'b'] }))
    const ask = async (
      leaderEpoch: number,
      { name = topic.name, currentLeaderEpoch = -1 } = {},
    ): Promise<[string, number, bigint]> => {
      const { topics } = await broker.raw(offsetForLeaderEpochApi, version, {
        ...(version >= 3 ? { replicaId: -1 } : {}),
        topics: [{ topic: name, partitions: [{ partition: 0, leaderEpoch, currentLeaderEpoch }] }],
      })
      const answer = only(only(topics).partitions)
      return [code(answer.errorCode), answer.leaderEpoch, answer.endOffset]
    }
    expect(await ask(0)).toEqual(['NONE', 0, 2n])
    expect(await ask(0, { currentLeaderEpoch: 0 })).toEqual(['NONE', 0, 2n])
    expect(await ask(5)).toEqual(['NONE', -1, -1n])
    expect(await ask(-1)).toEqual(['NONE', -1, -1n])
    expect(await ask(0, { currentLeaderEpoch: 2 })).toEqual(['UNKNOWN_LEADER_EPOCH', -1, -1n])
    expect(await ask(0, { name: 'no-such-topic' })).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', -1, -1n])
  })
})

describeEachBroker('deleting records', {}, (broker) => {
  it.each([0, 1, 2])('moves the start of the log with version %i', async (version) => {
    const topic = await createTopic(broker)
    for (const value of ['a', 'b', 'c']) await produce(broker, topic, batch({ values: [value] }))
    const remove = async (offset: bigint, name = topic.name): Promise<[string, bigint]> => {
      const { topics } = await broker.raw(deleteRecordsApi, version, {
        timeoutMs: 5_000,
        topics: [{ name, partitions: [{ partitionIndex: 0, offset }] }],
      })
      const answer = only(only(topics).partitions)
      return [code(answer.errorCode), answer.lowWatermark]
    }
    expect(await remove(2n)).toEqual(['NONE', 2n])
    expect(await remove(1n)).toEqual(['NONE', 2n])
    expect(await remove(4n)).toEqual(['OFFSET_OUT_OF_RANGE', -1n])
    expect(await remove(-2n)).toEqual(['OFFSET_OUT_OF_RANGE', -1n])
    expect(await remove(0n, 'no-such-topic')).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', -1n])
    expect(code((await fetch(broker, topic, { offset: 1n })).errorCode)).toBe('OFFSET_OUT_OF_RANGE')
    expect((await fetch(broker, topic, { offset: 2n })).logStartOffset).toBe(2n)
    expect(await remove(-1n)).toEqual(['NONE', 3n])
    expect((await fetch(broker, topic, { offset: 3n })).logStartOffset).toBe(3n)
  })

  it('is not done on a compacted topic', async () => {
    const topic = await createTopic(broker, { configs: { 'cleanup.policy': 'compact' } })
    await produce(broker, topic, batch())
    const { topics } = await broker.raw(deleteRecordsApi, 2, {
      timeoutMs: 5_000,
      topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, offset: 1n }] }],
    })
    expect(code(only(only(topics).partitions).errorCode)).toBe('POLICY_VIOLATION')
  })
})
