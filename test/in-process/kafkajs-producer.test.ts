// Guards KafkaJS's producer on our core: what it answers, refuses and stores, and that nothing is lost or stored twice.
import { CompressionTypes, logLevel } from '../../src/kafkajs/enums'
import { KafkaJSError, KafkaJSNonRetriableError } from '../../src/kafkajs/errors/kafkajs-error'
import type { Kafka } from '../../src/kafkajs/kafka'
import type { KafkaConfig } from '../../src/kafkajs/types/config'
import type { LogEntry } from '../../src/kafkajs/types/logger'
import type { Message, RecordMetadata } from '../../src/kafkajs/types/message'
import type { Producer, ProducerConfig } from '../../src/kafkajs/types/producer'
import { failure, KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

beforeEach(async () => {
  await setup.start({ topics: [{ name: 't', partitions: 3 }, { name: 'u' }] })
})

afterEach(() => setup.endCleanly())

const connected = (...args: Parameters<KafkaJsSetup['producer']>) => setup.producer(...args)

const valuesOf = (topic: string) => setup.valuesOf(topic)

describe('3 what send answers', () => {
  test('3: one RecordMetadata a partition, with its first offset', async () => {
    const producer = await connected()
    await producer.send({ topic: 't', messages: [{ value: 'before', partition: 1 }] })
    const metadata = await producer.send({
      topic: 't',
      messages: [
        { value: 'a', partition: 1 },
        { value: 'b', partition: 0 },
        { value: 'c', partition: 1 },
      ],
    })
    const byPartition = (one: RecordMetadata, other: RecordMetadata) => one.partition - other.partition
    expect(metadata.sort(byPartition)).toEqual([
      { topicName: 't', partition: 0, errorCode: 0, baseOffset: '0', logAppendTime: '-1' },
      { topicName: 't', partition: 1, errorCode: 0, baseOffset: '1', logAppendTime: '-1' },
    ])
  })

  test('3: logAppendTime is the broker’s time where the topic has it', async () => {
    setup.cluster.createTopic('logged', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const producer = await connected()
    const [metadata] = await producer.send({ topic: 'logged', messages: [{ value: 'v', timestamp: '1000' }] })
    expect(Number(metadata?.logAppendTime)).toBeGreaterThan(1000)
  })

  test('3: key, value, headers and timestamp are stored as given', async () => {
    const producer = await connected()
    const headers = { text: 'x', bytes: Buffer.from('y'), list: ['1', Buffer.from('2')], none: undefined }
    await producer.send({ topic: 'u', messages: [{ key: 'k', value: 'v', headers, timestamp: '1234' }] })
    await producer.send({ topic: 'u', messages: [{ key: null, value: null }] })
    const [stored, tombstone] = setup.cluster.records('u')
    expect(stored).toMatchObject({ timestamp: 1234, key: Buffer.from('k'), value: Buffer.from('v') })
    expect(stored?.headers.map(({ key, value }) => [key, value?.toString() ?? null])).toEqual([
      ['text', 'x'],
      ['bytes', 'y'],
      ['list', '1'],
      ['list', '2'],
      ['none', null],
    ])
    expect(tombstone).toMatchObject({ key: null, value: null })
  })

  test('3: acks 0 answers with an empty list, acks 1 with metadata', async () => {
    const producer = await connected()
    expect(await producer.send({ topic: 'u', acks: 0, messages: [{ value: 'a' }] })).toEqual([])
    expect(await producer.send({ topic: 'u', acks: 1, messages: [{ value: 'b' }] })).toHaveLength(1)
    await producer.disconnect()
    expect(valuesOf('u').sort()).toEqual(['a', 'b'])
  })

  test.each([
    ['gzip', CompressionTypes.GZIP],
    ['snappy', CompressionTypes.Snappy],
    ['lz4', CompressionTypes.LZ4],
  ] as const)('3, 9.3: %s works without a package for it', async (_, compression) => {
    const producer = await connected()
    const value = 'v'.repeat(2000)
    await producer.send({ topic: 'u', compression, messages: [{ value }] })
    expect(valuesOf('u')).toEqual([value])
  })

  test('3: sendBatch takes several topics, merges entries of one, and changes nothing it was given', async () => {
    const producer = await connected()
    const topicMessages = [
      { topic: 'u', messages: [{ value: 'a' }] },
      { topic: 't', messages: [{ value: 'b', partition: 2 }] },
      { topic: 'u', messages: [{ value: 'c' }] },
    ]
    const before = structuredClone(topicMessages)
    const metadata = await producer.sendBatch({ topicMessages })
    expect(topicMessages).toEqual(before)
    expect(metadata.map(({ topicName, partition }) => [topicName, partition]).sort()).toEqual([
      ['t', 2],
      ['u', 0],
    ])
    expect(valuesOf('u')).toEqual(['a', 'c'])
    expect(await producer.sendBatch({})).toEqual([])
  })

  test('3: messages without a key go to the partitions in turn', async () => {
    const producer = await connected()
    const messages = Array.from({ length: 6 }, (_, i) => ({ value: `${i}` }))
    expect(await producer.send({ topic: 't', messages })).toHaveLength(3)
    for (const partition of [0, 1, 2]) expect(setup.cluster.records('t', partition)).toHaveLength(2)
  })

  test('9.1: a partitioner is made once a producer, and asked once a message, also when it names its partition', async () => {
    const seen: unknown[] = []
    let made = 0
    const createPartitioner: ProducerConfig['createPartitioner'] = () => {
      made++
      return ({ topic, partitionMetadata, message }) => {
        seen.push([topic, partitionMetadata.map(({ partitionId }) => partitionId), message])
        return 2
      }
    }
    const producer = await connected({ createPartitioner })
    const messages: Message[] = [{ value: 'a' }, { value: 'b', partition: 0 }]
    await producer.send({ topic: 't', messages })
    expect(made).toBe(1)
    expect(seen).toEqual(messages.map((message) => ['t', [0, 1, 2], message]))
    expect((seen[0] as unknown[])[2]).toBe(messages[0])
    expect(setup.cluster.records('t', 2)).toHaveLength(2)
  })
})

describe('3 what send refuses', () => {
  const refusals: [string, Parameters<Producer['send']>[0], string][] = [
    ['a topic that is empty', { topic: '', messages: [] }, 'Invalid topic'],
    [
      'messages that are missing',
      { topic: 't' } as never,
      'Invalid messages array [undefined] for topic "t"',
    ],
    [
      'a value that is undefined',
      { topic: 't', messages: [{ key: 'k' } as never] },
      'Invalid message without value for topic "t": {"key":"k"}',
    ],
  ]

  test.each(refusals)('3: %s', async (_, record, message) => {
    const producer = await connected()
    const error = await failure(producer.send(record))
    expect(error).toBeInstanceOf(KafkaJSNonRetriableError)
    expect(error).toMatchObject({ name: 'KafkaJSNonRetriableError', message, retriable: false })
  })

  test('3: other acks than all, of an idempotent producer; checked before the messages', async () => {
    const producer = await connected({ idempotent: true })
    expect(producer.isIdempotent()).toBe(true)
    const error = await failure(producer.send({ topic: 't', acks: 1 } as never))
    expect(error.message).toBe(
      "Not requiring ack for all messages invalidates the idempotent producer's EoS guarantees",
    )
  })

  test('3: before connect and after disconnect, which may pass; after connecting again it works', async () => {
    const producer = setup.own(setup.kafka().producer())
    const record = { topic: 'u', messages: [{ value: 'v' }] }
    const before = await failure(producer.send(record))
    expect(before).toMatchObject({
      name: 'KafkaJSError',
      message: 'The producer is disconnected',
      retriable: true,
    })
    await producer.connect()
    const ending = producer.disconnect()
    expect(await failure(producer.send(record))).toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: "The producer is disconnecting; therefore, it can't safely accept messages anymore",
    })
    await ending
    expect(await failure(producer.send(record))).toMatchObject({ message: 'The producer is disconnected' })
    await producer.connect()
    expect(await producer.send(record)).toHaveLength(1)
  })

  test('3: an idempotent producer without retries, when it is made', () => {
    const make = () => setup.kafka().producer({ idempotent: true, retry: { retries: 0 } })
    expect(make).toThrow(KafkaJSNonRetriableError)
    expect(make).toThrow('Idempotent producer must allow retries to protect against transient errors')
  })

  test('3: limited retries of an idempotent producer are warned of, its own defaults are not', () => {
    const lines: LogEntry[] = []
    const config: Partial<KafkaConfig> = { retry: {}, logCreator: () => (entry) => void lines.push(entry) }
    const createPartitioner = () => () => 0
    setup.kafka(config).producer({ idempotent: true, createPartitioner })
    expect(lines).toEqual([])
    setup.kafka(config).producer({ idempotent: true, createPartitioner, retry: { retries: 7 } })
    expect(lines).toMatchObject([
      {
        namespace: 'Producer',
        level: logLevel.WARN,
        log: { message: 'Limiting retries for the idempotent producer may invalidate EoS guarantees' },
      },
    ])
  })

  test('7: listeners of events that there are not', () => {
    const producer = setup.kafka().producer()
    expect(() => producer.on('producer.nothing' as never, () => {})).toThrow(
      'Event name should be one of producer.events.CONNECT, producer.events.DISCONNECT, producer.events.REQUEST, producer.events.REQUEST_TIMEOUT, producer.events.REQUEST_QUEUE_SIZE',
    )
  })
})

describe('3, 6, 8 failures', () => {
  test('8: a refusal that no retry mends is the KafkaJSProtocolError itself', async () => {
    const producer = await connected()
    setup.cluster.faults.failProduce({ error: 'MESSAGE_TOO_LARGE' })
    const error = await failure(producer.send({ topic: 'u', messages: [{ value: 'v' }] }))
    expect(error).toMatchObject({
      name: 'KafkaJSProtocolError',
      type: 'MESSAGE_TOO_LARGE',
      code: 10,
      retriable: false,
      message: 'The request included a message larger than the max message size the server will accept',
    })
  })

  test('6: a refusal that may pass is tried as often as retry says', async () => {
    const producer = await connected({ retry: { retries: 2 } })
    let attempts = 0
    setup.cluster.on('Produce', () => void attempts++)
    setup.cluster.faults.failProduce({ error: 'NOT_ENOUGH_REPLICAS' })
    const error = await failure(producer.send({ topic: 'u', messages: [{ value: 'v' }] }))
    expect(attempts).toBe(3)
    expect(error).toMatchObject({ name: 'KafkaJSNumberOfRetriesExceeded', retriable: false, retryCount: 2 })
    expect(error.cause).toMatchObject({ name: 'KafkaJSProtocolError', type: 'NOT_ENOUGH_REPLICAS', code: 19 })
    expect(error.stack).toContain('Caused by:')
  })

  test('3: a topic that nobody knows, after the retries', async () => {
    const producer = await connected({ allowAutoTopicCreation: false, retry: { retries: 1 } })
    const error = await failure(producer.send({ topic: 'missing', messages: [{ value: 'v' }] }))
    expect(error).toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      message: 'This server does not host this topic-partition',
    })
    expect(error.cause).toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION', code: 3 })
  })

  test('3: a topic of which nobody says where its partitions are, after the retries', async () => {
    setup.cluster.on('Metadata', async (_, exchange) => {
      const response = await exchange.proceed()
      const topics = response?.topics.map((topic) => ({ ...topic, partitions: [] })) ?? []
      return response && { ...response, topics }
    })
    const producer = await connected({ retry: { retries: 1 } })
    const error = await failure(producer.send({ topic: 'u', messages: [{ value: 'v' }] }))
    expect(error).toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      message: 'Producing to topic without metadata',
    })
    expect(error.cause).toMatchObject({ name: 'KafkaJSMetadataNotLoaded' })
  })

  test('2: an address where nobody listens', async () => {
    const kafka = setup.kafka({ brokers: ['127.0.0.1:1'], retry: { retries: 1, initialRetryTime: 10 } })
    const error = await failure(kafka.producer().connect())
    expect(error).toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      message: 'Connection error: connect ECONNREFUSED 127.0.0.1:1',
      retryCount: 1,
    })
    expect(error.cause).toMatchObject({
      name: 'KafkaJSConnectionError',
      broker: '127.0.0.1:1',
      code: 'ECONNREFUSED',
    })
  })

  test.each([
    ['null', null, 'Failed to connect: brokers should not be null'],
    ['none', [], 'Failed to connect: brokers array is empty'],
    ['no text', ['localhost:1', 4], 'Failed to connect: broker at index 1 is invalid "number"'],
  ])('2: brokers that are %s', async (_, brokers, message) => {
    const error = await failure(
      setup
        .kafka({ brokers: brokers as string[] })
        .producer()
        .connect(),
    )
    expect(error).toMatchObject({ name: 'KafkaJSNonRetriableError', message })
  })

  test('2: brokers are asked for when it connects, and again when that fails', async () => {
    let calls = 0
    const brokers = async () => {
      if (++calls === 1) throw new KafkaJSError('not yet')
      return setup.cluster.bootstrap
    }
    const producer = await connected({}, { brokers })
    expect(calls).toBe(2)
    expect(await producer.send({ topic: 'u', messages: [{ value: 'v' }] })).toHaveLength(1)
  })
})

describe('13 defects that are not reproduced', () => {
  test('13.1: a partition that fails for a moment neither loses nor repeats a message of the call', async () => {
    const producer = await connected({ retry: { retries: 5 } })
    setup.cluster.faults.failProduce({ topic: 't', partition: 1, error: 'NOT_LEADER_OR_FOLLOWER', times: 1 })
    const values = Array.from({ length: 9 }, (_, i) => `${i}`)
    await producer.send({ topic: 't', messages: values.map((value) => ({ value })) })
    expect(valuesOf('t').sort()).toEqual(values)
  })

  test('13.1: an answer that is lost does not store the messages twice, without `idempotent`', async () => {
    const producer = await connected()
    setup.cluster.faults.closeAfter('Produce', { times: 1 })
    await producer.send({ topic: 'u', messages: [{ value: 'once' }] })
    expect(valuesOf('u')).toEqual(['once'])
  })

  test('13.13: disconnect sends what was not awaited', async () => {
    const producer = await connected()
    const sending = Promise.all(
      Array.from({ length: 50 }, (_, i) => producer.send({ topic: 'u', messages: [{ value: `${i}` }] })),
    )
    await producer.disconnect()
    await sending
    expect(valuesOf('u')).toHaveLength(50)
  })
})

describe('12 shapes', () => {
  test('12.3: Kafka can be extended, and its methods replaced', () => {
    const made: unknown[] = []
    class Traced extends setupKafkaClass() {
      override producer(config?: ProducerConfig): Producer {
        made.push(config)
        return super.producer(config)
      }
    }
    const kafka = new Traced({ brokers: [''], logCreator: () => () => {} })
    expect(kafka.producer({ idempotent: true }).isIdempotent()).toBe(true)
    expect(made).toHaveLength(1)
    expect(Object.getOwnPropertyDescriptor(setupKafkaClass().prototype, 'producer')?.writable).toBe(true)
    expect(new Proxy(kafka, {}).producer().isIdempotent()).toBe(false)
  })

  test('12.4: methods work without their object, can be replaced, and do not call one another', async () => {
    const producer = await connected()
    const { send, sendBatch } = producer
    producer.sendBatch = () => Promise.reject(new KafkaJSError('send must not come here'))
    await send({ topic: 'u', messages: [{ value: 'a' }] })
    await sendBatch({ topicMessages: [{ topic: 'u', messages: [{ value: 'b' }] }] })
    expect(valuesOf('u')).toEqual(['a', 'b'])
    for (const name of ['send', 'sendBatch', 'transaction', 'connect', 'disconnect', 'on'] as const) {
      expect(Object.getOwnPropertyDescriptor(producer, name)).toMatchObject({ writable: true })
    }
  })

  test('7: connect and disconnect are told, by number and time, until the listener is taken away', async () => {
    const producer = setup.own(setup.kafka().producer())
    const events: { id: unknown; type: string; timestamp: number; payload: unknown }[] = []
    const remove = producer.on(producer.events.CONNECT, (event) => events.push(event))
    producer.on('producer.disconnect', (event) => events.push(event))
    await producer.connect()
    await producer.disconnect()
    expect(events).toMatchObject([{ type: 'producer.connect' }, { type: 'producer.disconnect' }])
    expect(events.map(({ id }) => typeof id)).toEqual(['number', 'number'])
    expect(Number(events[1]?.id)).toBeGreaterThan(Number(events[0]?.id))
    expect(Math.abs(Date.now() - (events[0]?.timestamp as number))).toBeLessThan(60_000)
    remove()
    await producer.connect()
    expect(events).toHaveLength(2)
  })
})

function setupKafkaClass(): typeof Kafka {
  return setup.kafka().constructor as typeof Kafka
}
