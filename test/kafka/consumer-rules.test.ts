// Guards the rules of reading and of groups where only a real broker can say what it answers: logs that were cut, open transactions,
// large messages, handlers that take longer than a session, listeners, and subscriptions that change.
import { setTimeout as delay } from 'node:timers/promises'
import {
  onDiagnostics,
  silentLogger,
  type Consumer,
  type ConsumerOptions,
  type OffsetResetEvent,
} from '../../src'
import { Kafka } from '../../src/kafka'
import { eventually } from '../support/eventually'
import { describeEachKafka } from './support/describe-kafka'

jest.setTimeout(60_000)

const limitMs = 40_000

describeEachKafka('the rules of consumers', (target) => {
  let kafka: Kafka
  const closers: (() => Promise<void>)[] = []
  beforeAll(() => void (kafka = new Kafka({ brokers: target.bootstrap, logger: silentLogger })))
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  async function created(partitions = 1, configs: Record<string, string> = {}): Promise<string> {
    await using admin = kafka.admin()
    const name = target.uniqueName('rules')
    await admin.createTopics([{ name, partitions, replicationFactor: 1, configs }])
    return name
  }

  async function send(topic: string, values: readonly (string | Buffer)[], partition = 0): Promise<void> {
    await using producer = kafka.producer()
    for (const value of values) await producer.send(topic, { partition, value })
  }

  function reading(options: ConsumerOptions) {
    const consumer = kafka.consumer({ startFrom: 'earliest', ...options }) as Consumer
    const seen: string[] = []
    let failure: unknown
    const running = consumer
      .run(({ topic, partition, offset }) => void seen.push(`${topic}-${partition}@${offset}`))
      .catch((error: unknown) => (failure = error))
    closers.push(async () => {
      await consumer.close()
      await running
    })
    const saw = (count: number) =>
      eventually(
        () => seen.length >= count,
        () => `${seen.length} ${String(failure)}`,
        limitMs,
      )
    return { consumer, seen, saw, failure: () => failure }
  }

  const placesOf = (topic: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `${topic}-0@${from + i}`)

  it('C1 F7: a position that DeleteRecords has removed is reset by startFrom, and the loss is told', async () => {
    const topic = await created()
    await send(topic, ['0', '1', '2', '3', '4', '5'])
    await using admin = kafka.admin()
    await admin.deleteRecords([{ topic, partition: 0, beforeOffset: 4n }])
    const events: OffsetResetEvent[] = []
    const end = onDiagnostics('typed-kafka:consumer:offset-reset', (event) => {
      if (event.topic === topic) events.push(event)
    })
    closers.push(() => Promise.resolve(end()))
    const { consumer, seen, saw } = reading({ assign: [{ topic, partition: 0 }] })
    await saw(2)
    consumer.seek({ topic, partition: 0 }, 1)
    await saw(4)
    expect(seen).toEqual([...placesOf(topic, 4, 6), ...placesOf(topic, 4, 6)])
    expect(events).toMatchObject([{ fromOffset: 1n, toOffset: 4n }])
  })

  it('C3 C4: offsets of an open transaction are waited for; the reset policy is not taken', async () => {
    const topic = await created()
    await send(topic, ['0', '1', '2', '3'])
    const groupId = target.uniqueName('g')
    await using producer = kafka.producer({ transactionalId: target.uniqueName('tx') })
    const transaction = await producer.beginTransaction()
    await transaction.sendOffsets([{ topic, partition: 0, offset: 3n }], { groupId })
    const { seen, saw } = reading({ groupId, topics: [topic] })
    await delay(1500)
    expect(seen).toEqual([])
    await transaction.commit()
    await saw(1)
    expect(seen).toEqual([`${topic}-0@3`])
  })

  it('C8: reading to the end ends behind markers and aborted messages', async () => {
    const topic = await created()
    await using producer = kafka.producer({ transactionalId: target.uniqueName('tx') })
    await producer.transaction((tx) => tx.send(topic, { partition: 0, value: 'kept' }))
    const aborted = await producer.beginTransaction()
    await aborted.send(topic, { partition: 0, value: 'aborted' })
    await aborted.abort()
    await using consumer = kafka.consumer({ assign: [topic], until: 'end', isolationLevel: 'read_committed' })
    const values: string[] = []
    for await (const { rawValue } of consumer) values.push(String(rawValue))
    expect(values).toEqual(['kept'])
  })

  it('C9 KIP-74: messages larger than all limits come, one after another', async () => {
    const topic = await created()
    await send(topic, [Buffer.alloc(500_000), Buffer.alloc(10), Buffer.alloc(700_000), Buffer.alloc(10)])
    const { seen, saw } = reading({ assign: [topic], maxPartitionFetchBytes: 100, fetchMaxBytes: 100 })
    await saw(4)
    expect(seen).toEqual(placesOf(topic, 0, 4))
  })

  it('G1 K10 L16: a handler that takes more than a session keeps its partition, and its message is committed', async () => {
    const topic = await created()
    await send(topic, ['0'])
    const groupId = target.uniqueName('g')
    const events: string[] = []
    await using consumer = kafka.consumer({
      groupId,
      topics: [topic],
      startFrom: 'earliest',
      sessionTimeoutMs: 6000,
      heartbeatIntervalMs: 500,
      onPartitionsRevoked: () => void events.push('revoked'),
      onPartitionsLost: () => void events.push('lost'),
    })
    const place = { topic, partition: 0 }
    await consumer.run(async (_, { stop }) => {
      await delay(8000)
      expect(events).toEqual([])
      stop()
    })
    await consumer.commit()
    expect((await consumer.committed([place]))[0]).toMatchObject({ committed: { offset: 1n } })
  })

  it('G2: a member whose handler hangs leaves the group; its partition goes to another, and its commit fails', async () => {
    const topic = await created()
    await send(topic, ['0'])
    const groupId = target.uniqueName('g')
    let release = () => {}
    const hanging = kafka.consumer({
      groupId,
      topics: [topic],
      startFrom: 'earliest',
      maxPollIntervalMs: 1000,
      autoCommit: false,
    })
    const running = hanging.run(() => new Promise<void>((resolve) => (release = resolve)))
    await eventually(
      () => hanging.assignment().length === 1,
      () => 'the assignment',
      limitMs,
    )
    await eventually(
      () => hanging.assignment().length === 0,
      () => 'the loss',
      limitMs,
    )
    const commit = hanging.commit([{ topic, partition: 0, offset: 1n }])
    await expect(commit).rejects.toMatchObject({ code: 'COMMIT_FAILED' })
    const { seen, saw } = reading({ groupId, topics: [topic] })
    await saw(1)
    expect(seen).toEqual([`${topic}-0@0`])
    release()
    await hanging.close()
    await running
  })

  it('G8: in the revoked listener the member still owns its partitions, and what it commits is stored', async () => {
    const topic = await created(2)
    const groupId = target.uniqueName('g')
    const first: Consumer = kafka.consumer({
      groupId,
      topics: [topic],
      autoCommit: false,
      heartbeatIntervalMs: 200,
      onPartitionsRevoked: (partitions) =>
        first.commit(partitions.map((one) => ({ ...one, offset: 0n, metadata: 'given up' }))),
    }) as Consumer
    closers.push(() => first.close())
    await first.connect()
    await eventually(
      () => first.assignment().length === 2,
      () => 'two',
      limitMs,
    )
    const { consumer } = reading({ groupId, topics: [topic], heartbeatIntervalMs: 200 })
    await eventually(
      () => consumer.assignment().length === 1,
      () => 'one',
      limitMs,
    )
    const [taken] = consumer.assignment()
    if (taken === undefined) throw new Error('nothing was taken over')
    expect((await consumer.committed([taken]))[0]).toMatchObject({ committed: { metadata: 'given up' } })
  })

  it('G16: after subscribe nothing of the topics before is handed out', async () => {
    const [before, after] = [await created(), await created()]
    const { consumer, seen, saw } = reading({ groupId: target.uniqueName('g'), topics: [before] })
    await send(before, ['0'])
    await saw(1)
    consumer.subscribe([after])
    await send(before, ['1', '2'])
    await send(after, ['3'])
    await saw(2)
    await delay(500)
    expect(seen).toEqual([`${before}-0@0`, `${after}-0@0`])
  })

  it('K2 C14: commits made at once leave the last one', async () => {
    const topic = await created()
    const { consumer } = reading({ groupId: target.uniqueName('g'), topics: [topic], autoCommit: false })
    await eventually(
      () => consumer.assignment().length === 1,
      () => 'the assignment',
      limitMs,
    )
    const offsets = Array.from({ length: 50 }, (_, i) => BigInt(i + 1))
    await Promise.all(offsets.map((offset) => consumer.commit([{ topic, partition: 0, offset }])))
    const place = { topic, partition: 0 }
    expect((await consumer.committed([place]))[0]).toMatchObject({ committed: { offset: 50n } })
  })
})
