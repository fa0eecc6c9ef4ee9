// Guards consumers of the drop-in against what KafkaJS's do wrong: evictions, lost places, stalls, noise.
import type { Consumer, ConsumerConfig, ConsumerRunConfig } from '../../src/kafkajs/types/consumer'
import type { KafkaConfig } from '../../src/kafkajs/types/config'
import type { InstrumentationEvent } from '../../src/kafkajs/types/events'
import type { LogEntry } from '../../src/kafkajs/types/logger'
import type { Message } from '../../src/kafkajs/types/message'
import { rejectionOf } from '../support/rejection'
import { until } from './support/case-runner'
import { KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

beforeAll(async () => {
  await setup.start({
    configs: { 'group.initial.rebalance.delay.ms': 0, 'group.min.session.timeout.ms': 100 },
  })
})

afterEach(async () => {
  setup.cluster.clearFaults()
  await setup.disconnect()
})

afterAll(() => setup.endCleanly())

const newTopic = (partitions = 1) => setup.newTopic(partitions)

const produce = (topic: string, ...messages: (string | Message)[]) => setup.produce(topic, ...messages)

function consumerOf(
  topic: string,
  config: Partial<ConsumerConfig> = {},
  kafka: Partial<KafkaConfig> = {},
): Consumer {
  return setup.own(
    setup
      .kafka(kafka)
      .consumer({ groupId: `group-of-${topic}`, maxWaitTimeInMs: 50, heartbeatInterval: 50, ...config }),
  )
}

async function running(
  topic: string,
  run: ConsumerRunConfig,
  config: Partial<ConsumerConfig> = {},
  kafka: Partial<KafkaConfig> = {},
): Promise<Consumer> {
  const consumer = consumerOf(topic, config, kafka)
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run(run)
  return consumer
}

const groupOf = (topic: string) => setup.cluster.group(`group-of-${topic}`)
const committed = (topic: string, partition = 0) =>
  groupOf(topic)?.offsets.find((one) => one.partition === partition)?.offset

/** Events of these names, as they come. */
function heard(consumer: Consumer, ...names: string[]): string[] {
  const types: string[] = []
  for (const name of names) {
    consumer.on(name as 'consumer.stop', ({ type }: InstrumentationEvent<unknown>) => void types.push(type))
  }
  return types
}

const passing = (message: string) => Object.assign(new Error(message), { name: 'Passing' })
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('13.7: a handler that works for several sessions keeps its place, without calling heartbeat', async () => {
  const topic = newTopic()
  await produce(topic, 'a')
  let calls = 0
  const eachMessage = async () => {
    calls++
    await sleep(1500)
  }
  const consumer = await running(topic, { eachMessage }, { sessionTimeout: 500 })
  const joins = heard(consumer, 'consumer.group_join', 'consumer.rebalancing')
  await until(() => committed(topic) === 1n, 'the commit')
  expect([calls, joins]).toEqual([1, []])
})

test('13.8: a rebalance waits for handlers, tells them by heartbeat and isStale, and nothing is done twice', async () => {
  const topic = newTopic(1)
  await produce(topic, 'a', 'b')
  const seen: string[] = []
  const told: unknown[] = []
  const first = await running(topic, {
    eachBatch: async ({ batch, resolveOffset, heartbeat, isStale }) => {
      const [message] = batch.messages
      seen.push(`first ${String(message?.value)}`)
      if (seen.length > 1) return
      while (!isStale()) await sleep(5)
      told.push(await rejectionOf(heartbeat()))
      resolveOffset('0')
      told.push(isStale())
    },
  })
  await until(() => seen.length === 1, 'the handler')
  const crashes = heard(first, 'consumer.crash')
  // Whichever of them has the only partition then, it reads what is left.
  const second = await running(topic, {
    eachMessage: async ({ message }) => void seen.push(`second ${String(message.value)}`),
  })
  expect(told).toMatchObject([
    { name: 'KafkaJSProtocolError', type: 'REBALANCE_IN_PROGRESS', code: 27 },
    true,
  ])
  await first.disconnect()
  await until(() => committed(topic) === 2n, 'the rest')
  expect(seen).toEqual(['first a', expect.stringMatching(/ b$/) as string])
  expect(crashes).toEqual([])
  await second.disconnect()
})

test('13.8: what a handler finishes while a rebalance waits for it is committed, and not read again', async () => {
  const topic = newTopic(1)
  await produce(topic, 'a')
  const seen: string[] = []
  let finish = (): void => {}
  const first = await running(topic, {
    eachMessage: async ({ message }) => {
      seen.push(String(message.value))
      await new Promise<void>((resolve) => (finish = resolve))
    },
  })
  await until(() => seen.length === 1, 'the handler')
  const rebalancing = heard(first, 'consumer.rebalancing')
  const joining = running(topic, {
    eachMessage: async ({ message }) => void seen.push(String(message.value)),
  })
  await until(() => rebalancing.length === 1, 'the rebalance')
  finish()
  await joining
  expect(committed(topic)).toBe(1n)
  await first.disconnect()
  await produce(topic, 'b')
  await until(() => seen.length === 2, 'the next')
  expect(seen).toEqual(['a', 'b'])
})

test('13.9: a position that is not in the log any more begins anew, and nothing but read offsets is committed', async () => {
  const topic = newTopic()
  await produce(topic, 'a', 'b')
  const admin = setup.own(setup.kafka().admin())
  await admin.setOffsets({
    groupId: `group-of-${topic}`,
    topic,
    partitions: [{ partition: 0, offset: '100' }],
  })
  const stored: unknown[] = []
  setup.cluster.on('OffsetCommit', (request) => {
    stored.push(...request.topics.flatMap(({ partitions }) => partitions.map((one) => one.committedOffset)))
    return undefined
  })
  const seen: string[] = []
  await running(topic, { eachMessage: async ({ message }) => void seen.push(String(message.value)) })
  await until(() => committed(topic) === 2n, 'the commit')
  expect([seen, stored]).toEqual([['a', 'b'], [2n]])
})

test('13.13: a consumer that has nothing to do stops at once, however long it lets brokers wait', async () => {
  const topic = newTopic()
  let polls = 0
  setup.cluster.on('Fetch', () => void polls++)
  const consumer = await running(topic, { eachMessage: async () => {} }, { maxWaitTimeInMs: 60_000 })
  await until(() => polls > 0, 'a poll')
  const begin = performance.now()
  await consumer.disconnect()
  expect(performance.now() - begin).toBeLessThan(1000)
})

test('4: a handler that awaits stop waits for itself no longer than a rebalance would', async () => {
  const topic = newTopic()
  await produce(topic, 'a', 'b')
  let calls = 0
  let hasStopped = false
  const consumer = consumerOf(topic, { rebalanceTimeout: 300 })
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async () => {
      calls++
      await consumer.stop()
      hasStopped = true
    },
  })
  await until(() => hasStopped, 'the end')
  expect([calls, groupOf(topic)?.members.length]).toEqual([1, 0])
})

test('13.14: a coordinator that is not there yet is waited for', async () => {
  const topic = newTopic()
  await produce(topic, 'a')
  const consumer = consumerOf(topic)
  const crashes = heard(consumer, 'consumer.crash')
  await consumer.connect()
  setup.cluster.faults.fail('FindCoordinator', 'COORDINATOR_NOT_AVAILABLE', { times: 8 })
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  let done = 0
  await consumer.run({ eachMessage: async () => void done++ })
  await until(() => done === 1, 'the message')
  expect(crashes).toEqual([])
})

test.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'] as const)(
  '4: a commit refused with %s is a rebalance and no crash: the member joins again',
  async (error) => {
    const topic = newTopic()
    await produce(topic, 'a')
    // The member that the broker does not know, and knows all the same, is in the way until its session ends.
    const consumer = consumerOf(topic, { sessionTimeout: 500, rebalanceTimeout: 1000 })
    const crashes = heard(consumer, 'consumer.crash')
    setup.cluster.faults.fail('OffsetCommit', error, { times: 1 })
    const seen: string[] = []
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(String(message.value)) })
    await until(() => seen.length > 0, 'the message')
    await produce(topic, 'b')
    await until(() => committed(topic) === 2n, 'the commit')
    expect(crashes).toEqual([])
    expect(new Set(seen)).toEqual(new Set(['a', 'b']))
  },
)

test('13.15: a topic that is created after run is read from its first message', async () => {
  const topic = setup.newTopicName()
  const seen: string[] = []
  await running(
    topic,
    { eachMessage: async ({ message }) => void seen.push(String(message.value)) },
    { allowAutoTopicCreation: false, metadataMaxAge: 50 },
  )
  setup.cluster.createTopic(topic, {})
  await produce(topic, 'a')
  await until(() => seen.length === 1, 'the message')
})

test('4: allowAutoTopicCreation creates the topic, unless it is false', async () => {
  const [created, missing] = [setup.newTopicName(), setup.newTopicName()]
  await running(missing, { eachMessage: async () => {} }, { allowAutoTopicCreation: false })
  await running(created, { eachMessage: async () => {} })
  const names = () => setup.cluster.topics.map(({ name }) => name)
  await until(() => names().includes(created), 'the topic')
  expect(names()).not.toContain(missing)
})

test('13.18: a partition at which a handler fails rests, and the others go on', async () => {
  const topic = newTopic(2)
  await produce(
    topic,
    { value: 'bad', partition: 0 },
    ...['a', 'b'].map((value) => ({ value, partition: 1 })),
  )
  const seen: string[] = []
  let failures = 0
  const retry = { initialRetryTime: 600, maxRetryTime: 600, retries: 5 }
  await running(
    topic,
    {
      eachMessage: async ({ message }) => {
        const value = String(message.value)
        seen.push(value)
        if (value === 'bad' && failures++ === 0) throw passing('once')
      },
    },
    { retry },
  )
  await until(() => seen.length === 4, 'all')
  expect(seen.at(-1)).toBe('bad')
  expect(seen.slice(0, 3).sort()).toEqual(['a', 'b', 'bad'])
})

test('13.4: the retries of the Kafka object count where the consumer says nothing', async () => {
  const topic = newTopic()
  await produce(topic, 'a')
  let calls = 0
  const consumer = consumerOf(topic, {}, { retry: { retries: 1, initialRetryTime: 10 } })
  const counts: unknown[] = []
  consumer.on('consumer.crash', ({ payload }) =>
    counts.push((payload.error as { retryCount?: number }).retryCount),
  )
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async () => {
      calls++
      if (calls <= 2) throw passing('bad')
    },
  })
  await until(() => calls === 3, 'the restart')
  expect(counts).toEqual([1])
})

test('13.21: what the program gives is not changed', async () => {
  const topic = newTopic()
  await produce(topic, 'a')
  const frozen = <Given extends object>(given: Given): Given => {
    for (const value of Object.values(given)) if (typeof value === 'object' && value !== null) frozen(value)
    return Object.freeze(given)
  }
  let done = 0
  const consumer = setup.own(
    setup
      .kafka(frozen({ retry: { retries: 2 }, clientId: 'frozen' }))
      .consumer(frozen({ groupId: `group-of-${topic}`, retry: { retries: 1 } })),
  )
  await consumer.subscribe(frozen({ topics: [topic], fromBeginning: true }))
  await consumer.run(frozen({ eachMessage: async () => void done++ }))
  await until(() => done === 1, 'the message')
  consumer.pause(frozen([{ topic, partitions: [0] }]))
  consumer.resume(frozen([{ topic }]))
  consumer.seek(frozen({ topic, partition: 0, offset: '0' }))
  await consumer.commitOffsets(frozen([{ topic, partition: 0, offset: '0' }]))
})

test('13.25: joins, rebalances and failures that pass are no errors in the log', async () => {
  const topic = newTopic(2)
  const errors: LogEntry[] = []
  const logCreator = () => (entry: LogEntry) => void (entry.label === 'ERROR' && errors.push(entry))
  const kafka = { logCreator, logLevel: 5 as const }
  const first = await running(topic, { eachMessage: async () => {} }, {}, kafka)
  setup.cluster.faults.fail('Heartbeat', 'COORDINATOR_LOAD_IN_PROGRESS', { times: 2 })
  setup.cluster.faults.fail('Fetch', 'NOT_LEADER_OR_FOLLOWER', { times: 2 })
  const second = await running(topic, { eachMessage: async () => {} }, {}, kafka)
  await produce(topic, 'a')
  await until(() => committed(topic) === 1n, 'the commit')
  await second.disconnect()
  await first.disconnect()
  expect(errors).toEqual([])
})

test('13.19: an address of IPv6 is one host', async () => {
  const consumer = consumerOf('none', {}, { brokers: ['[::1]:1'], retry: { retries: 0 } })
  const error = (await rejectionOf(consumer.connect())) as Error
  expect(error.message).toMatch(/^Connection error: connect E\w+ ::1:1/)
})

test('4: readUncommitted shows what a transaction has not committed; without it nothing is seen', async () => {
  const topic = newTopic()
  const producer = setup.own(setup.kafka().producer({ transactionalId: topic }))
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'open' }] })
  const seen: string[] = []
  const noting = (who: string) => ({
    eachMessage: async ({ message }: { message: { value: Buffer | null } }) =>
      void seen.push(`${who} ${String(message.value)}`),
  })
  await running(topic, noting('uncommitted'), { readUncommitted: true, groupId: `${topic}-uncommitted` })
  await running(topic, noting('committed'))
  await until(() => seen.length === 1, 'the open message')
  await transaction.commit()
  await until(() => seen.length === 2, 'the committed message')
  expect(seen).toEqual(['uncommitted open', 'committed open'])
})
