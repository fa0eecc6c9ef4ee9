// Guards the keys of a KafkaJS producer's config against having no effect, or another one than they have there, and what
// its partitioner and its messages may be.
import type { LogEntry } from '../../src/kafkajs/types/logger'
import type { Message } from '../../src/kafkajs/types/message'
import { until } from './support/case-runner'
import { failure, KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

beforeEach(async () => {
  await setup.start({ topics: [{ name: 't', partitions: 3 }, { name: 'u' }] })
})

afterEach(() => setup.endCleanly())

const connected = (...args: Parameters<KafkaJsSetup['producer']>) => setup.producer(...args)

/** For what is sent to have left, where it may. */
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const requests = <Api extends 'InitProducerId' | 'Metadata'>(api: Api) =>
  setup.cluster.requests.filter({ api })

describe('3 config', () => {
  test('3: idempotent takes a producer id when it connects, and no transaction goes with it', async () => {
    const producer = await connected({ idempotent: true })
    await until(() => requests('InitProducerId').length === 1, 'the request')
    expect(requests('InitProducerId')[0]?.request.transactionalId).toBeNull()
    expect(producer.isIdempotent()).toBe(true)
    expect((await connected()).isIdempotent()).toBe(false)
  })

  test('3: allowAutoTopicCreation is on unless it is off', async () => {
    const producer = await connected()
    expect(await producer.send({ topic: 'made', messages: [{ value: 'v' }] })).toMatchObject([
      { topicName: 'made' },
    ])
    const careful = await connected({ allowAutoTopicCreation: false, retry: { retries: 0 } })
    await failure(careful.send({ topic: 'unmade', messages: [{ value: 'v' }] }))
    expect(setup.cluster.topics.map(({ name }) => name).sort()).toEqual(['made', 't', 'u'])
  })

  test('3: metadataMaxAge lets it look again without a sign of change', async () => {
    const producer = await connected({ metadataMaxAge: 50 })
    await producer.send({ topic: 'u', messages: [{ value: 'v' }] })
    const before = requests('Metadata').length
    await until(() => requests('Metadata').length >= before + 2, 'two looks')
  })

  test.each([
    ['1: what is sent meanwhile goes together', 1, 2],
    ['null, no limit', null, 6],
  ])('3: maxInFlightRequests %s', async (_title, maxInFlightRequests, expected) => {
    const producer = await connected(maxInFlightRequests === null ? {} : { maxInFlightRequests })
    await producer.send({ topic: 't', messages: [0, 1, 2].map((partition) => ({ value: 'v', partition })) })
    let answer = (): void => {}
    const held = new Promise<void>((resolve) => (answer = resolve))
    setup.cluster.once('Produce', () => held)
    setup.cluster.requests.clear()
    const sending: Promise<unknown>[] = []
    for (let i = 0; i < 6; i++) {
      sending.push(producer.send({ topic: 't', messages: [{ value: `${i}`, partition: i % 3 }] }))
      await pause(5)
    }
    answer()
    await Promise.all(sending)
    expect(setup.cluster.requests.filter({ api: 'Produce' })).toHaveLength(expected)
  })

  test('3: a key of `retry` in the producer’s config counts before that of Kafka’s', async () => {
    const producer = await connected(
      { retry: { retries: 1 } },
      { retry: { retries: 9, initialRetryTime: 1, maxRetryTime: 5 } },
    )
    setup.cluster.faults.failProduce({ error: 'NOT_ENOUGH_REPLICAS' })
    const error = await failure(producer.send({ topic: 'u', messages: [{ value: 'v' }] }))
    expect(error).toMatchObject({ name: 'KafkaJSNumberOfRetriesExceeded', retryCount: 1 })
  })

  test('3, 7, 9.4: events and logger', async () => {
    const lines: LogEntry[] = []
    const producer = await connected({}, { logCreator: () => (entry) => void lines.push(entry) })
    expect(producer.events).toEqual({
      CONNECT: 'producer.connect',
      DISCONNECT: 'producer.disconnect',
      REQUEST: 'producer.network.request',
      REQUEST_TIMEOUT: 'producer.network.request_timeout',
      REQUEST_QUEUE_SIZE: 'producer.network.request_queue_size',
    })
    producer.logger().warn('hello')
    expect(lines.at(-1)).toMatchObject({ namespace: 'Producer', label: 'WARN', log: { message: 'hello' } })
  })

  test('3: a connection is made once, however often it is asked for, and again after its end', async () => {
    const producer = setup.own(setup.kafka().producer())
    await Promise.all([producer.connect(), producer.connect()])
    await Promise.all([producer.disconnect(), producer.disconnect()])
    await producer.disconnect()
    await producer.connect()
    expect(await producer.send({ topic: 'u', messages: [{ value: 'v' }] })).toHaveLength(1)
  })
})

describe('3 messages', () => {
  test('3: keys and values are bytes or text, and a tombstone has none', async () => {
    const producer = await connected()
    const messages: Message[] = [
      { key: Buffer.from('k'), value: Buffer.from('bytes') },
      { key: 'k', value: 'text' },
      { value: '' },
      { key: 'k', value: null },
    ]
    const given = structuredClone(messages.slice(1))
    await producer.send({ topic: 'u', messages })
    const stored = setup.cluster
      .records('u')
      .map(({ key, value }) => [key, value].map((part) => part?.toString() ?? null))
    expect(stored).toEqual([
      ['k', 'bytes'],
      ['k', 'text'],
      [null, ''],
      ['k', null],
    ])
    expect(messages.slice(1)).toEqual(given)
  })

  test('3: no messages are no error, and a timestamp that is no number is', async () => {
    const producer = await connected()
    expect(await producer.send({ topic: 'u', messages: [] })).toEqual([])
    const sending = producer.send({ topic: 'u', messages: [{ value: 'v', timestamp: 'soon' }] })
    expect(await failure(sending)).toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: 'Invalid timestamp "soon" of a message for topic "u"',
    })
  })

  test('3, 12.6: headers are read when the message is sent', async () => {
    const producer = await connected()
    const message: Message = { value: 'v' }
    message.headers = { trace: 'abc' }
    await producer.send({ topic: 'u', messages: [message] })
    const [stored] = setup.cluster.records('u')
    expect(stored?.headers.map(({ key, value }) => [key, String(value)])).toEqual([['trace', 'abc']])
  })

  test('3: one message that is wrong keeps those of all topics from being sent', async () => {
    const producer = await connected()
    const wrong = { key: 'k' } as Message
    const topicMessages = [
      { topic: 'u', messages: [{ value: 'v' }] },
      { topic: 't', messages: [{ value: 'v' }, wrong] },
    ]
    expect(await failure(producer.sendBatch({ topicMessages }))).toMatchObject({
      message: 'Invalid message without value for topic "t": {"key":"k"}',
    })
    expect(setup.cluster.records('u')).toEqual([])
  })
})

describe('9.1 partitioners of the program', () => {
  test('9.1: what one throws is what the call rejects with, and nothing is sent', async () => {
    const mistake = new TypeError('no partition')
    const createPartitioner = () => () => {
      throw mistake
    }
    const producer = await connected({ createPartitioner })
    expect(await failure(producer.send({ topic: 't', messages: [{ value: 'v' }] }))).toBe(mistake)
    expect(setup.cluster.records('t')).toEqual([])
  })

  test('9.1: one that answers with no partition', async () => {
    const producer = await connected({ createPartitioner: () => () => -1 })
    expect(await failure(producer.send({ topic: 't', messages: [{ value: 'v' }] }))).toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: 'Invalid partition -1 for topic "t"',
    })
  })
})

describe('13.13 the end', () => {
  test('13.13: disconnect waits for what is tried again, and for what waits for its topic', async () => {
    const producer = await connected({ retry: { retries: 5 } })
    setup.cluster.faults.failProduce({ topic: 'u', error: 'NOT_LEADER_OR_FOLLOWER', times: 2 })
    const retried = producer.send({ topic: 'u', messages: [{ value: 'retried' }] })
    const waiting = producer.send({ topic: 'late', messages: [{ value: 'waiting' }] })
    await producer.disconnect()
    expect(await Promise.all([retried, waiting])).toMatchObject([
      [{ topicName: 'u' }],
      [{ topicName: 'late' }],
    ])
    expect(setup.cluster.records('u')).toHaveLength(1)
    expect(setup.cluster.records('late')).toHaveLength(1)
  })

  test('13.13: disconnect comes to an end when nobody answers any more, and every call with it', async () => {
    const kafka = { requestTimeout: 200, retry: { retries: 1, initialRetryTime: 5, maxRetryTime: 10 } }
    const producer = await connected({}, kafka)
    await producer.send({ topic: 'u', messages: [{ value: 'before' }] })
    setup.cluster.faults.dropResponse('Produce')
    const sending = failure(producer.send({ topic: 'u', messages: [{ value: 'lost' }] }))
    await producer.disconnect()
    expect(await sending).toMatchObject({ name: 'KafkaJSNumberOfRetriesExceeded', retryCount: 1 })
  })
})
