// Guards against silence about topics that are gone: who reads them is told, once and in time, and nothing else stops.
import { Kafka, onDiagnostics, type Consumer, type ConsumerOptions, type StallEvent } from '../../src'
import { ErrorCode } from '../../src/base/error-codes'
import { silentLogger } from '../../src/base/logger'
import { createBroker, simulate, type Simulation, type TestCluster } from '../../src/testing'
import { errorOf, until } from './support/case-runner'

const closers: (() => Promise<void> | void)[] = []
const warnings: { readonly text: string; readonly fields: Record<string, unknown> | undefined }[] = []
let broker: TestCluster

beforeEach(async () => {
  warnings.length = 0
  const topics = ['t', 'other'].map((name) => ({ name, partitions: 2 }))
  const configs = { 'group.initial.rebalance.delay.ms': 0 }
  broker = await createBroker({ network: 'memory', logger: silentLogger, seed: 1, topics, configs })
  closers.push(() => broker.close())
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function kafka(): Kafka {
  const warn = (text: string, fields?: Record<string, unknown>) => void warnings.push({ text, fields })
  const logger = { ...silentLogger, warn }
  return new Kafka({
    ...broker.clientOptions(),
    logger,
    retryBackoffMs: 2,
    retryBackoffMaxMs: 10,
    metadataMaxAgeMs: 40,
  })
}

function reading(options: ConsumerOptions) {
  const consumer = kafka().consumer({
    startFrom: 'earliest',
    fetchMaxWaitMs: 20,
    heartbeatIntervalMs: 20,
    ...options,
  })
  closers.push(() => consumer.close())
  const seen: string[] = []
  const run = () => errorOf(consumer.run(({ topic, value }) => void seen.push(`${topic}:${String(value)}`)))
  return {
    consumer,
    seen,
    run,
    saw: (count: number) => until(() => seen.length >= count, `${count} messages`),
  }
}

async function send(topic: string, ...values: string[]): Promise<void> {
  await using producer = kafka().producer()
  await Promise.all(
    values.map((value, partition) => producer.send(topic, { partition: partition % 2, value })),
  )
}

test('F6: UNKNOWN_TOPIC_ID is asked again in silence four times, then told, in the log and by health; the others go on', async () => {
  await send('t', 'a', 'b')
  await send('other', 'c', 'd')
  let refused = 0
  const heal = broker.on('Fetch', async (_, exchange) => {
    const response = await exchange.proceed()
    if (response === undefined) return undefined
    const id = broker.topics.find(({ name }) => name === 't')?.id
    const responses = response.responses.map((topic) => {
      if (topic.topicId !== id) return topic
      refused++
      const partitions = topic.partitions.map((partition) =>
        partition.partitionIndex === 0
          ? { ...partition, errorCode: ErrorCode.UNKNOWN_TOPIC_ID, records: null }
          : partition,
      )
      return { ...topic, partitions }
    })
    return { ...response, responses }
  })
  const stalls: StallEvent[] = []
  closers.push(onDiagnostics('typed-kafka:consumer:stall-began', (event) => void stalls.push(event)))
  const { consumer, seen, run, saw } = reading({ groupId: 'g', topics: ['t', 'other'], stallTimeoutMs: 200 })
  const ended = run()
  await saw(3)
  const told = () => warnings.filter(({ fields }) => fields?.error === 'UNKNOWN_TOPIC_ID')
  await until(() => told().length > 0, 'the warning')
  expect(refused).toBeGreaterThanOrEqual(5)
  expect(told()[0]?.fields).toMatchObject({ partition: 't-0' })
  await until(() => stalls.length > 0, 'the stall')
  expect(consumer.health().stalls[0]?.reason).toContain('UNKNOWN_TOPIC_ID')
  expect(told()).toHaveLength(1)
  expect([...seen].sort()).toEqual(['other:c', 'other:d', 't:b'])
  heal()
  await saw(4)
  expect(seen.at(-1)).toBe('t:a')
  await consumer.close()
  expect(await ended).toBeUndefined()
})

/** On a clock that jumps: a topic counts as deleted only when brokers have not known it for fifteen seconds. */
function afterDeletion(
  options: ConsumerOptions,
  test: (read: {
    readonly seen: readonly string[]
    readonly consumer: Consumer
    readonly run: () => Promise<unknown>
    readonly send: (topic: string, ...values: string[]) => Promise<void>
    readonly saw: (count: number) => Promise<void>
    readonly sim: Simulation
  }) => Promise<void>,
): Promise<void> {
  return simulate(1, async (sim) => {
    for (const name of ['t', 'other']) sim.cluster.createTopic(name, { partitions: 2 })
    const kafka = new Kafka({ ...sim.clientOptions(), logger: silentLogger, metadataMaxAgeMs: 1000 })
    await using producer = kafka.producer()
    await using consumer = kafka.consumer({ startFrom: 'earliest', ...options }) as Consumer
    const seen: string[] = []
    const run = () => errorOf(consumer.run(({ topic, value }) => void seen.push(`${topic}:${String(value)}`)))
    const saw = async (count: number) => {
      while (seen.length < count) await sim.sleep(100)
    }
    const write = async (topic: string, ...values: string[]) => {
      await Promise.all(values.map((value, i) => producer.send(topic, { partition: i % 2, value })))
    }
    await write('t', 'a', 'b')
    await test({ seen, consumer, run, send: write, saw, sim })
  })
}

test.each([
  ['read without an end', {}],
  ['read up to an offset', { until: { offset: 100n } }],
] as const)(
  'L19: a topic given by hand, %s, that is deleted ends the run with TOPIC_DELETED; the rest can be read on',
  (_, options) =>
    afterDeletion(
      { assign: ['t', { topic: 'other', partition: 0 }], ...options },
      async ({ sim, consumer, run, saw, send, seen }) => {
        const ended = run()
        await saw(2)
        sim.cluster.deleteTopic('t')
        const error = await ended
        expect(error).toMatchObject({ code: 'TOPIC_DELETED', context: { topic: 't' } })
        expect(sim.now).toBeLessThan(40_000)
        consumer.assign([{ topic: 'other', partition: 0 }])
        const again = run()
        await send('other', 'c')
        await saw(3)
        expect(seen.at(-1)).toBe('other:c')
        await consumer.close()
        expect(await again).toBeUndefined()
      },
    ),
)

test.each(['classic', 'consumer'] as const)(
  'L19 G13: a topic of a group (%s) that is deleted is given up, and its end is no error; the others are read on',
  (groupProtocol) =>
    afterDeletion(
      { groupId: 'g', topics: ['t', 'other'], groupProtocol },
      async ({ sim, consumer, run, saw, send }) => {
        const ended = run()
        await saw(2)
        sim.cluster.deleteTopic('t')
        while (consumer.assignment().some(({ topic }) => topic === 't')) await sim.sleep(100)
        await send('other', 'c')
        await saw(3)
        await consumer.close()
        expect(await ended).toBeUndefined()
      },
    ),
)
