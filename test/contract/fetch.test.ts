// Guards against a broker whose fetch gives more, less, earlier or later than Kafka's: long polls, limits, sessions,
// leader epochs and what a reader of committed records may see.
import { fetchApi, type FetchRequest, type FetchResponse } from '../../src/wire/generated/client/fetch'
import { readRecordBatches } from '../../src/wire/records/record-batch-reader'
import { code, describeEachBroker } from './support/describe-each-broker'
import { batch, createTopic, fetch, only, produce, valuesIn, type TestTopic } from './support/log'
import { TransactionalProducer } from './support/transactions'

const unknownId = 'AAAAAAAAAAAAAAAAAAAAAQ'

describeEachBroker('fetching', {}, (broker) => {
  let topic: TestTopic
  beforeAll(async () => {
    topic = await createTopic(broker, { partitions: 2 })
    for (const value of ['a', 'b', 'c']) await produce(broker, topic, batch({ values: [value] }))
  })

  it.each(broker.pick({ '3.7': [4, 6, 10, 12, 13, 16], '4.3': [4, 6, 10, 12, 13, 16, 17, 18] }))(
    'gives records and offsets with Fetch version %i',
    async (version) => {
      const answer = await fetch(broker, topic, { version, offset: 1n })
      expect(valuesIn(answer.records)).toEqual(['b', 'c'])
      expect(answer).toMatchObject({
        errorCode: 0,
        highWatermark: 3n,
        lastStableOffset: 3n,
        logStartOffset: version >= 5 ? 0n : -1n,
        abortedTransactions: null,
        preferredReadReplica: -1,
      })
    },
  )

  it('gives a batch whole, from before the offset that was asked for', async () => {
    const own = await createTopic(broker)
    await produce(broker, own, batch({ values: ['a', 'b', 'c'] }))
    const { records } = await fetch(broker, own, { offset: 2n })
    expect(valuesIn(records)).toEqual(['a', 'b', 'c'])
  })

  it.each([
    [3n, 'NONE'],
    [4n, 'OFFSET_OUT_OF_RANGE'],
    [-1n, 'OFFSET_OUT_OF_RANGE'],
  ])('answers for offset %s of three with %s', async (offset, expected) => {
    const answer = await fetch(broker, topic, { offset })
    expect(code(answer.errorCode)).toBe(expected)
    expect(answer.records?.length ?? 0).toBe(0)
    expect(answer.highWatermark).toBe(expected === 'NONE' ? 3n : -1n)
  })

  it('gives one batch even when it is larger than all limits, and then no second', async () => {
    const own = await createTopic(broker)
    for (const value of ['x', 'y']) await produce(broker, own, batch({ values: [value.repeat(5_000)] }))
    for (const limits of [{ maxBytes: 1 }, { partitionMaxBytes: 1 }, { maxBytes: 6_000 }]) {
      const { records } = await fetch(broker, own, { ...limits, version: 11 })
      const whole = readRecordBatches(records ?? Buffer.alloc(0))
      expect(whole.map((one) => one.baseOffset)).toEqual([0n])
    }
  })

  it('gives only the first partition a batch beyond the limit', async () => {
    const own = await createTopic(broker, { partitions: 2 })
    for (const partition of [0, 1])
      await produce(broker, own, batch({ values: ['x'.repeat(5_000)] }), { partition })
    const response = await broker.raw(fetchApi, 11, {
      ...wait(0),
      maxBytes: 1,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ topic: own.name, partitions: [0, 1].map((partition) => position(partition)) }],
    })
    const sizes = only(response.responses).partitions.map(({ records }) => (records?.length ?? 0) > 0)
    expect(sizes).toEqual([true, false])
  })

  it('knows no topic of a wrong name, no partition beyond the last and no topic of a wrong id', async () => {
    expect(code((await fetch(broker, { name: 'no-such-topic', id: '' })).errorCode)).toBe(
      'UNKNOWN_TOPIC_OR_PARTITION',
    )
    expect(code((await fetch(broker, topic, { partition: 7 })).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(code((await fetch(broker, { name: '', id: unknownId }, { version: 13 })).errorCode)).toBe(
      'UNKNOWN_TOPIC_ID',
    )
  })

  it.each([
    [0, 'NONE'],
    [1, 'UNKNOWN_LEADER_EPOCH'],
    [-1, 'NONE'],
  ])('answers a reader that takes %i for the leader epoch with %s', async (currentLeaderEpoch, expected) => {
    expect(code((await fetch(broker, topic, { currentLeaderEpoch })).errorCode)).toBe(expected)
  })

  it('tells a reader that has more of an epoch than the log where that epoch ends', async () => {
    const ask = async (offset: bigint, lastFetchedEpoch: number): Promise<[string, number, bigint]> => {
      const answer = await fetch(broker, topic, { version: 12, offset, lastFetchedEpoch })
      return [code(answer.errorCode), answer.divergingEpoch.epoch, answer.divergingEpoch.endOffset]
    }
    expect(await ask(3n, 0)).toEqual(['NONE', -1, -1n])
    expect(await ask(4n, 0)).toEqual(['NONE', 0, 3n])
    expect(await ask(3n, 5)).toEqual(['OFFSET_OUT_OF_RANGE', -1, -1n])
  })

  it('waits for bytes until they are there', async () => {
    const own = await createTopic(broker)
    const client = await broker.connect()
    const waiting = client.ask(fetchApi, 11, {
      ...wait(10_000),
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ topic: own.name, partitions: [position(0)] }],
    })
    await produce(broker, own, batch({ values: ['late'] }))
    const [partition] = only((await waiting).responses).partitions
    expect(valuesIn(partition?.records ?? null)).toEqual(['late'])
  })

  it('answers with nothing when the time is over', async () => {
    const begun = performance.now()
    const { records, highWatermark } = await fetch(broker, topic, { offset: 3n, maxWaitMs: 120, minBytes: 1 })
    expect(performance.now() - begun).toBeGreaterThan(110)
    expect({ size: records?.length ?? 0, highWatermark }).toEqual({ size: 0, highWatermark: 3n })
  })

  it('does not wait for bytes when one partition has an error', async () => {
    const begun = performance.now()
    const { errorCode } = await fetch(broker, topic, { offset: 99n, maxWaitMs: 10_000, minBytes: 1 })
    expect(code(errorCode)).toBe('OFFSET_OUT_OF_RANGE')
    expect(performance.now() - begun).toBeLessThan(5_000)
  })
})

describeEachBroker('fetching what transactions wrote', {}, (broker) => {
  const committed = 1

  it('ends at the first open transaction for who reads committed records only', async () => {
    const topic = await createTopic(broker)
    const producer = await new TransactionalProducer(broker).init()
    await produce(broker, topic, batch({ values: ['before'] }))
    await producer.add(topic)
    await producer.write(topic, ['open'])
    await produce(broker, topic, batch({ values: ['after'] }))
    const all = await fetch(broker, topic)
    expect([valuesIn(all.records), all.lastStableOffset]).toEqual([['before', 'open', 'after'], 1n])
    const stable = await fetch(broker, topic, { isolationLevel: committed })
    expect([valuesIn(stable.records), stable.lastStableOffset, stable.highWatermark]).toEqual([
      ['before'],
      1n,
      3n,
    ])
    expect(stable.abortedTransactions).toEqual([])
    await producer.end(true)
    const later = await fetch(broker, topic, { isolationLevel: committed, maxWaitMs: 5_000, minBytes: 300 })
    expect(valuesIn(later.records)).toEqual(['before', 'open', 'after'])
    expect(later).toMatchObject({ lastStableOffset: 4n, highWatermark: 4n })
  })

  it('lists the aborted transactions of what it gives, with their first offset', async () => {
    const topic = await createTopic(broker)
    const producer = await new TransactionalProducer(broker).init()
    await produce(broker, topic, batch({ values: ['before'] }))
    await producer.add(topic)
    await producer.write(topic, ['aborted', 'too'])
    await producer.end(false)
    // The coordinator answers before its markers are written.
    while ((await fetch(broker, topic)).lastStableOffset < 4n);
    await produce(broker, topic, batch({ values: ['after'] }))
    const answer = await fetch(broker, topic, { isolationLevel: committed, maxWaitMs: 5_000, minBytes: 300 })
    expect(answer.abortedTransactions).toEqual([{ producerId: producer.producerId, firstOffset: 1n }])
    expect(answer.lastStableOffset).toBe(5n)
    const [, , marker] = readRecordBatches(answer.records ?? Buffer.alloc(0))
    expect(marker).toMatchObject({ isControl: true, isTransactional: true, baseOffset: 3n })
    expect(
      (await fetch(broker, topic, { isolationLevel: committed, offset: 4n })).abortedTransactions,
    ).toEqual([])
    expect((await fetch(broker, topic)).abortedTransactions).toBeNull()
  })
})

describeEachBroker('fetch sessions', {}, (broker) => {
  let topic: TestTopic
  beforeEach(async () => {
    topic = await createTopic(broker, { partitions: 3 })
    for (const partition of [0, 1, 2])
      await produce(broker, topic, batch({ values: [`p${partition}`] }), { partition })
  })

  const ask = (
    sessionId: number,
    sessionEpoch: number,
    positions: readonly (readonly [partition: number, offset: bigint])[],
    more: Partial<FetchRequest> = {},
  ): Promise<FetchResponse> =>
    broker.raw(fetchApi, 11, {
      ...wait(0),
      sessionId,
      sessionEpoch,
      topics: [
        {
          topic: topic.name,
          partitions: positions.map(([partition, offset]) => position(partition, offset)),
        },
      ].filter(({ partitions }) => partitions.length > 0),
      ...more,
    })
  const partitionsIn = (response: FetchResponse): number[] =>
    response.responses
      .flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex))
      .sort()

  it('begins with epoch 0, then names only what has news', async () => {
    const full = await ask(0, 0, [
      [0, 1n],
      [1, 1n],
    ])
    expect(full.errorCode).toBe(0)
    expect(full.sessionId).not.toBe(0)
    expect(partitionsIn(full)).toEqual([0, 1])
    const nothing = await ask(full.sessionId, 1, [])
    expect(nothing).toMatchObject({ errorCode: 0, sessionId: full.sessionId, responses: [] })
    await produce(broker, topic, batch({ values: ['more'] }), { partition: 1 })
    expect(partitionsIn(await ask(full.sessionId, 2, []))).toEqual([1])
    expect(partitionsIn(await ask(full.sessionId, 3, [[1, 2n]]))).toEqual([])
  })

  it('adds partitions and forgets others', async () => {
    const { sessionId } = await ask(0, 0, [[0, 1n]])
    expect(partitionsIn(await ask(sessionId, 1, [[2, 0n]]))).toEqual([2])
    const forgotten = [{ topic: topic.name, partitions: [2] }]
    expect(partitionsIn(await ask(sessionId, 2, [], { forgottenTopicsData: forgotten }))).toEqual([])
    await produce(broker, topic, batch(), { partition: 2 })
    expect(partitionsIn(await ask(sessionId, 3, []))).toEqual([])
  })

  it.each([
    ['epoch', 5, 'INVALID_FETCH_SESSION_EPOCH'],
    ['epoch', 0x7fffffff, 'INVALID_FETCH_SESSION_EPOCH'],
  ])('refuses a wrong %s %i with %s', async (_, epoch, expected) => {
    const { sessionId } = await ask(0, 0, [[0, 1n]])
    const answer = await ask(sessionId, epoch, [])
    expect([code(answer.errorCode), answer.responses.length]).toEqual([expected, 0])
  })

  it('knows no session that was never begun, and none that was ended', async () => {
    const { sessionId } = await ask(0, 0, [[0, 1n]])
    expect(code((await ask(sessionId, -1, [[0, 1n]])).errorCode)).toBe('NONE')
    expect(code((await ask(sessionId, 1, [])).errorCode)).toBe('FETCH_SESSION_ID_NOT_FOUND')
  })

  it('replaces a session by another one', async () => {
    const { sessionId } = await ask(0, 0, [[0, 1n]])
    const another = await ask(sessionId, 0, [[1, 1n]])
    expect(another.sessionId).not.toBe(sessionId)
    expect(code((await ask(sessionId, 1, [])).errorCode)).toBe('FETCH_SESSION_ID_NOT_FOUND')
    expect(code((await ask(another.sessionId, 1, [])).errorCode)).toBe('NONE')
  })

  it('stays with names or with ids of topics', async () => {
    const { sessionId } = await ask(0, 0, [[0, 1n]])
    const byId = await broker.raw(fetchApi, 13, { ...wait(0), sessionId, sessionEpoch: 1, topics: [] })
    expect(code(byId.errorCode)).toBe('FETCH_SESSION_TOPIC_ID_ERROR')
  })

  it('keeps none for who asks for none', async () => {
    expect((await ask(0, -1, [[0, 0n]])).sessionId).toBe(0)
  })

  it('names a partition with an error in every answer', async () => {
    const { sessionId } = await ask(0, 0, [[0, 99n]])
    for (const epoch of [1, 2]) expect(partitionsIn(await ask(sessionId, epoch, []))).toEqual([0])
  })
})

function wait(
  maxWaitMs: number,
): Pick<FetchRequest, 'maxWaitMs' | 'minBytes' | 'maxBytes' | 'isolationLevel'> {
  return { maxWaitMs, minBytes: 1, maxBytes: 1 << 20, isolationLevel: 0 }
}

function position(partition: number, fetchOffset = 0n): FetchRequest['topics'][number]['partitions'][number] {
  return { partition, fetchOffset, currentLeaderEpoch: -1, partitionMaxBytes: 1 << 20 }
}
