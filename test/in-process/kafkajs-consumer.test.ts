// Guards KafkaJS's consumer on our core: what handlers get, what is committed, what a failure leads to, what is told.
import { CompressionTypes } from '../../src/kafkajs/enums'
import { KafkaJSNonRetriableError } from '../../src/kafkajs/errors/kafkajs-error'
import { AssignerProtocol } from '../../src/kafkajs/group/assigner-protocol'
import type {
  Consumer,
  ConsumerConfig,
  ConsumerRunConfig,
  EachBatchPayload,
  EachMessagePayload,
  PartitionAssigner,
} from '../../src/kafkajs/types/consumer'
import type { InstrumentationEvent } from '../../src/kafkajs/types/events'
import type { Message } from '../../src/kafkajs/types/message'
import { until } from './support/case-runner'
import { failure, KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

beforeAll(async () => {
  await setup.start({ configs: { 'group.initial.rebalance.delay.ms': 0 } })
})

afterEach(() => setup.disconnect())

afterAll(() => setup.endCleanly())

const newTopic = (partitions = 1) => setup.newTopic(partitions)

const produce = (topic: string, ...messages: (string | Message)[]) => setup.produce(topic, ...messages)

const consumerOf = (groupId: string, config: Partial<ConsumerConfig> = {}): Consumer =>
  setup.own(setup.kafka().consumer({ groupId, maxWaitTimeInMs: 50, heartbeatInterval: 100, ...config }))

async function running(
  topic: string,
  runConfig: ConsumerRunConfig,
  config: Partial<ConsumerConfig> = {},
): Promise<Consumer> {
  const consumer = consumerOf(config.groupId ?? `group-of-${topic}`, config)
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run(runConfig)
  return consumer
}

/** Collects the values that `eachMessage` gets. */
function collecting(): { values: string[]; eachMessage: (payload: EachMessagePayload) => Promise<void> } {
  const values: string[] = []
  const eachMessage = async ({ message }: EachMessagePayload) => void values.push(String(message.value))
  return { values, eachMessage }
}

const committed = (groupId: string, topic: string, partition = 0): bigint | undefined =>
  setup.cluster.group(groupId)?.offsets.find((one) => one.topic === topic && one.partition === partition)
    ?.offset

describe('4 eachMessage', () => {
  test('4, 12.5: a message is plain, has text offsets and its own headers, and may be changed', async () => {
    const topic = newTopic()
    await produce(topic, { key: 'k', value: 'v', headers: { a: '1', b: ['2', '3'] }, timestamp: '1234' })
    const payloads: EachMessagePayload[] = []
    await running(topic, { eachMessage: async (payload) => void payloads.push(payload) })
    await until(() => payloads.length === 1, 'the message')
    const { message, ...rest } = payloads[0] as EachMessagePayload
    expect(rest).toMatchObject({ topic, partition: 0 })
    expect({ ...message }).toMatchObject({
      offset: '0',
      timestamp: '1234',
      attributes: 0,
      key: Buffer.from('k'),
      value: Buffer.from('v'),
      headers: { a: Buffer.from('1'), b: [Buffer.from('2'), Buffer.from('3')] },
    })
    const copy = { ...message } as { value: unknown }
    copy.value = 'changed'
    expect(message.value).toEqual(Buffer.from('v'))
    Object.assign(message, { extra: 1 })
  })

  test('4: what is done is committed at the end of the batch', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b', 'c')
    const { values, eachMessage } = collecting()
    await running(topic, { eachMessage })
    await until(() => committed(`group-of-${topic}`, topic) === 3n, 'the commit')
    expect(values).toEqual(['a', 'b', 'c'])
  })

  test('4: autoCommit false commits nothing; commitOffsets does', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b')
    const { values, eachMessage } = collecting()
    const consumer = await running(topic, { eachMessage, autoCommit: false })
    await until(() => values.length === 2, 'both')
    expect(committed(`group-of-${topic}`, topic)).toBeUndefined()
    await consumer.commitOffsets([{ topic, partition: 0, offset: '1', metadata: 'm' }])
    expect(committed(`group-of-${topic}`, topic)).toBe(1n)
  })

  test('4: autoCommitThreshold commits within the batch', async () => {
    const topic = newTopic()
    const groupId = `group-of-${topic}`
    await produce(topic, 'a', 'b', 'c')
    const seen: (bigint | undefined)[] = []
    const eachMessage = async () => void seen.push(committed(groupId, topic))
    await running(topic, { eachMessage, autoCommitThreshold: 2 })
    await until(() => seen.length === 3, 'all')
    expect(seen).toEqual([undefined, undefined, 2n])
  })

  test('4: pause in the handler ends the batch there; its answer resumes it', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b')
    const values: string[] = []
    let resume = () => {}
    const consumer = await running(topic, {
      eachMessage: async ({ message, pause }) => {
        values.push(String(message.value))
        if (values.length === 1) resume = pause()
      },
    })
    await until(() => consumer.paused().length === 1, 'the pause')
    await until(() => committed(`group-of-${topic}`, topic) === 1n, 'the commit')
    expect(values).toEqual(['a'])
    expect(consumer.paused()).toEqual([{ topic, partitions: [0] }])
    resume()
    await until(() => values.length === 2, 'the rest')
    expect(values).toEqual(['a', 'b'])
    expect(consumer.paused()).toEqual([])
  })

  test('4, 13.9: seek goes on elsewhere; the target is not committed by itself', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b', 'c')
    const { values, eachMessage } = collecting()
    const consumer = await running(topic, { eachMessage })
    await until(() => values.length === 3, 'all')
    consumer.pause([{ topic }])
    await until(() => committed(`group-of-${topic}`, topic) === 3n, 'the commit')
    consumer.seek({ topic, partition: 0, offset: '1' })
    expect(committed(`group-of-${topic}`, topic)).toBe(3n)
    consumer.resume([{ topic }])
    await until(() => values.length === 5, 'both again')
    expect(values.slice(3)).toEqual(['b', 'c'])
    consumer.seek({ topic, partition: 0, offset: '-2' })
    await until(() => values.length === 8, 'all again')
  })

  test('4: fromBeginning counts for each topic by itself', async () => {
    const [early, late] = [newTopic(), newTopic()]
    await produce(early, 'early')
    await produce(late, 'before')
    const consumer = consumerOf(`group-of-${early}`)
    const { values, eachMessage } = collecting()
    await consumer.subscribe({ topics: [early], fromBeginning: true })
    await consumer.subscribe({ topic: late })
    await consumer.run({ eachMessage })
    await until(() => values.length === 1, 'the early one')
    // The position at the end is looked up before anything is read.
    await produce(late, 'after')
    await until(() => values.length === 2, 'the late one')
    expect(values).toEqual(['early', 'after'])
  })

  test('4, 13.15: a pattern also reads topics that are created later', async () => {
    const prefix = `pattern-${setup.newTopicName()}`
    setup.cluster.createTopic(`${prefix}-a`, {})
    await produce(`${prefix}-a`, 'a')
    const { values, eachMessage } = collecting()
    const consumer = consumerOf(prefix, { metadataMaxAge: 100 })
    await consumer.subscribe({ topics: [new RegExp(`^${prefix}-`)], fromBeginning: true })
    await consumer.run({ eachMessage })
    setup.cluster.createTopic(`${prefix}-b`, {})
    await produce(`${prefix}-b`, 'b')
    await until(() => values.length === 2, 'both')
    expect(values.sort()).toEqual(['a', 'b'])
  })
})

describe('4 eachBatch', () => {
  test('4: a batch has its messages and functions, also as a copy', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b', 'c')
    const payloads: EachBatchPayload[] = []
    const eachBatch = async (payload: EachBatchPayload) => {
      expect(payload.isRunning()).toBe(true)
      expect(payload.isStale()).toBe(false)
      await payload.heartbeat()
      payloads.push(payload)
    }
    await running(topic, { eachBatch })
    await until(() => committed(`group-of-${topic}`, topic) === 3n, 'the commit')
    const { batch } = payloads[0] as EachBatchPayload
    const copy = { ...batch }
    expect(copy).toMatchObject({ topic, partition: 0, highWatermark: '3' })
    expect(copy.messages.map(({ offset }) => offset)).toEqual(['0', '1', '2'])
    expect([copy.isEmpty(), copy.firstOffset(), copy.lastOffset()]).toEqual([false, '0', '2'])
    expect([copy.offsetLag(), copy.offsetLagLow()]).toEqual(['0', '2'])
  })

  test('4: without eachBatchAutoResolve what was not resolved is read again', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b', 'c')
    const seen: string[][] = []
    const uncommitted: unknown[] = []
    await running(topic, {
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset, uncommittedOffsets }) => {
        seen.push(batch.messages.map(({ value }) => String(value)))
        resolveOffset(batch.firstOffset() as string)
        uncommitted.push(uncommittedOffsets())
      },
    })
    await until(() => committed(`group-of-${topic}`, topic) === 3n, 'the commits')
    expect(seen).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c']])
    expect(uncommitted[0]).toEqual({ topics: [{ topic, partitions: [{ partition: 0, offset: '1' }] }] })
  })

  test('4: commitOffsetsIfNecessary commits exactly what it is given', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b')
    await running(topic, {
      autoCommit: false,
      eachBatch: async ({ commitOffsetsIfNecessary }) => {
        await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition: 0, offset: '1' }] }] })
      },
    })
    await until(() => committed(`group-of-${topic}`, topic) === 1n, 'the commit')
  })

  test('4: a batch is stale once its partition was sought', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b')
    const stale: boolean[] = []
    const first: unknown[] = []
    const consumer = await running(topic, {
      eachBatch: async ({ batch, isStale }) => {
        first.push(batch.firstOffset())
        if (first.length > 1) return
        consumer.seek({ topic, partition: 0, offset: '1' })
        stale.push(isStale())
      },
    })
    await until(() => first.length === 2, 'the second batch')
    expect([stale, first]).toEqual([[true], ['0', '1']])
  })

  test('4: partitionsConsumedConcurrently lets partitions go side by side', async () => {
    const topic = newTopic(2)
    await produce(topic, { value: 'a', partition: 0 }, { value: 'b', partition: 1 })
    let active = 0
    let most = 0
    const eachBatch = async () => {
      most = Math.max(most, ++active)
      await new Promise((resolve) => setTimeout(resolve, 50))
      active--
    }
    await running(topic, { eachBatch, partitionsConsumedConcurrently: 2 })
    await until(() => most === 2, 'both at a time')
  })
})

describe('4 failures, crash and restart', () => {
  test('4: what a handler failed at is handed out again, and nothing before it', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b', 'c')
    const values: string[] = []
    await running(topic, {
      eachMessage: async ({ message }) => {
        values.push(String(message.value))
        if (values.length === 2) throw Object.assign(new Error('once'), { name: 'Passing' })
      },
    })
    await until(() => values.length === 4, 'all')
    expect(values).toEqual(['a', 'b', 'b', 'c'])
  })

  test('4, 6: after the retries it crashes, says so, and starts again at what was not done', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'bad')
    const values: string[] = []
    const crashes: InstrumentationEvent<{ error: Error; groupId: string; restart: boolean }>[] = []
    const consumer = consumerOf(`group-of-${topic}`, { retry: { retries: 1 } })
    consumer.on(consumer.events.CRASH, (event) => crashes.push(event))
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value))
        if (values.length < 4 && String(message.value) === 'bad') {
          throw Object.assign(new Error('bad message'), { name: 'Passing' })
        }
      },
    })
    await until(() => values.length === 4, 'the restart')
    expect(values).toEqual(['a', 'bad', 'bad', 'bad'])
    expect(crashes).toMatchObject([
      { type: 'consumer.crash', payload: { groupId: `group-of-${topic}`, restart: true } },
    ])
    expect(crashes[0]?.payload.error).toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      message: 'bad message',
      retryCount: 1,
    })
  })

  test.each(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'])(
    '4: a %s is not tried again, and ends the consumer',
    async (name) => {
      const topic = newTopic()
      await produce(topic, 'a')
      let calls = 0
      const payloads: { error: Error; restart: boolean }[] = []
      const consumer = consumerOf(`group-of-${topic}`)
      consumer.on('consumer.crash', ({ payload }) => payloads.push(payload))
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({
        eachMessage: async () => {
          calls++
          throw Object.assign(new Error('mistake'), { name })
        },
      })
      await until(() => payloads.length === 1, 'the crash')
      expect(calls).toBe(1)
      expect(payloads[0]).toMatchObject({ restart: false, error: { name: 'KafkaJSNonRetriableError' } })
    },
  )

  test.each([
    [false, async () => false],
    [
      true,
      async () => {
        throw new KafkaJSNonRetriableError('no answer')
      },
    ],
  ])('4: restartOnFailure decides: %s', async (restart, restartOnFailure) => {
    const topic = newTopic()
    await produce(topic, 'a')
    const payloads: { restart: boolean }[] = []
    const consumer = consumerOf(`group-of-${topic}`, { retry: { retries: 0, restartOnFailure } })
    consumer.on('consumer.crash', ({ payload }) => payloads.push(payload))
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      eachMessage: async () => {
        throw Object.assign(new Error('bad'), { name: 'Passing' })
      },
    })
    await until(() => payloads.length > 0, 'the crash')
    expect(payloads[0]?.restart).toBe(restart)
  })
})

describe('4, 7 life and events', () => {
  test('7: connect, group_join, batches, commits, stop and disconnect are told', async () => {
    const topic = newTopic()
    const groupId = `group-of-${topic}`
    await produce(topic, 'a', 'b')
    const consumer = consumerOf(groupId)
    const events: InstrumentationEvent<Record<string, unknown>>[] = []
    const names = ['CONNECT', 'GROUP_JOIN', 'START_BATCH_PROCESS', 'END_BATCH_PROCESS'] as const
    for (const name of [...names, 'COMMIT_OFFSETS', 'STOP', 'DISCONNECT'] as const) {
      consumer.on(consumer.events[name], (event) => void events.push(event))
    }
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ eachMessage: async () => {} })
    await until(() => committed(groupId, topic) === 2n, 'the commit')
    await consumer.disconnect()
    expect(events.map(({ type }) => type)).toEqual([
      'consumer.connect',
      'consumer.connect',
      'consumer.group_join',
      'consumer.start_batch_process',
      'consumer.end_batch_process',
      'consumer.commit_offsets',
      'consumer.stop',
      'consumer.disconnect',
    ])
    const payloadOf = (type: string) => events.find((event) => event.type === type)?.payload
    const join = payloadOf('consumer.group_join') as { memberId: string }
    expect(join).toMatchObject({
      groupId,
      isLeader: true,
      leaderId: join.memberId,
      groupProtocol: 'roundrobin',
      memberAssignment: { [topic]: [0] },
    })
    expect(payloadOf('consumer.end_batch_process')).toMatchObject({
      topic,
      partition: 0,
      highWatermark: '2',
      offsetLag: '0',
      offsetLagLow: '1',
      batchSize: 2,
      firstOffset: '0',
      lastOffset: '1',
      duration: expect.any(Number) as number,
    })
    expect(payloadOf('consumer.commit_offsets')).toMatchObject({
      groupId,
      memberId: join.memberId,
      topics: [{ topic, partitions: [{ partition: 0, offset: '2' }] }],
    })
  })

  test('4: stop leaves the group; run starts again where it was', async () => {
    const topic = newTopic()
    const groupId = `group-of-${topic}`
    await produce(topic, 'a')
    const { values, eachMessage } = collecting()
    const consumer = await running(topic, { eachMessage })
    await until(() => committed(groupId, topic) === 1n, 'the commit')
    await Promise.all([consumer.stop(), consumer.stop()])
    expect(setup.cluster.group(groupId)?.members).toHaveLength(0)
    await produce(topic, 'b')
    await consumer.run({ eachMessage })
    await until(() => values.length === 2, 'the next')
    expect(values).toEqual(['a', 'b'])
  })

  test('4: describeGroup tells the members', async () => {
    const topic = newTopic()
    const consumer = await running(topic, { eachMessage: async () => {} })
    const description = await consumer.describeGroup()
    expect(description).toMatchObject({
      groupId: `group-of-${topic}`,
      state: 'Stable',
      protocol: 'roundrobin',
      protocolType: 'consumer',
    })
    const [member] = description.members
    const assignment = AssignerProtocol.MemberAssignment.decode(member?.memberAssignment as Buffer)
    expect(assignment?.assignment).toEqual({ [topic]: [0] })
  })

  test('4: a rebalance hands no message out twice and loses none', async () => {
    const topic = newTopic(4)
    const groupId = `group-of-${topic}`
    const values: string[] = []
    const eachMessage = async ({ message }: EachMessagePayload) => void values.push(String(message.value))
    await running(topic, { eachMessage })
    const producer = setup.own(setup.kafka().producer())
    await producer.connect()
    const sent = Array.from({ length: 200 }, (_, i) => `${i}`)
    for (const value of sent.slice(0, 100)) await producer.send({ topic, messages: [{ value }] })
    const second = await running(topic, { eachMessage })
    for (const value of sent.slice(100)) await producer.send({ topic, messages: [{ value }] })
    await until(() => values.length >= 200, 'all')
    expect(setup.cluster.group(groupId)?.members).toHaveLength(2)
    await second.disconnect()
    expect(values.sort()).toEqual(sent.sort())
  })

  test('9.2: an assigner of the program divides, with data of its own', async () => {
    const topic = newTopic(2)
    const seen: unknown[] = []
    const assigner: PartitionAssigner = ({ cluster, groupId }) => ({
      name: 'Own',
      version: 1,
      async assign({ members, topics }) {
        seen.push(
          groupId,
          topics,
          cluster.findTopicPartitionMetadata(topic).map((one) => [one.partitionId, one.leader, one.replicas]),
        )
        return members.map(({ memberId, memberMetadata }) => {
          const decoded = AssignerProtocol.MemberMetadata.decode(memberMetadata)
          seen.push(String(decoded?.userData))
          const assignment = { [topic]: [1] }
          const userData = Buffer.alloc(0)
          return {
            memberId,
            memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 1, assignment, userData }),
          }
        })
      },
      protocol: ({ topics }) => ({
        name: 'Own',
        metadata: AssignerProtocol.MemberMetadata.encode({
          version: 1,
          topics,
          userData: Buffer.from('mine'),
        }),
      }),
    })
    await produce(topic, { value: 'zero', partition: 0 }, { value: 'one', partition: 1 })
    const { values, eachMessage } = collecting()
    await running(topic, { eachMessage }, { partitionAssigners: [assigner] })
    await until(() => values.length === 1, 'the message')
    expect(values).toEqual(['one'])
    const led = (partition: number) => [partition, 1, [1]]
    expect(seen).toEqual([`group-of-${topic}`, [topic], [led(0), led(1)], 'mine'])
  })
})

describe('4 what it refuses', () => {
  test.each([
    ['no config', undefined, 'Consumer groupId must be a non-empty string.'],
    [
      'a heartbeat as long as the session',
      { groupId: 'g', heartbeatInterval: 5000, sessionTimeout: 5000 },
      'Consumer heartbeatInterval (5000) must be lower than sessionTimeout (5000). It is recommended to set heartbeatInterval to approximately a third of the sessionTimeout.',
    ],
  ])('4: %s', (_, config, message) => {
    expect(() => setup.kafka().consumer(config as ConsumerConfig)).toThrow(message)
  })

  test.each([
    ['{}', {}, 'Missing required argument "topics"'],
    ['text', { topics: 'a' }, 'Argument "topics" must be an array'],
    ['a number', { topics: [4] }, 'Invalid topic 4 (number), the topic name has to be a String or a RegExp'],
  ])('4: to subscribe to %s', async (_, subscription, message) => {
    const error = await failure(consumerOf('refusing').subscribe(subscription as never))
    expect(error).toMatchObject({ name: 'KafkaJSNonRetriableError', message })
  })

  test('4: calls before run, after their arguments were looked at', async () => {
    const consumer = consumerOf('refusing')
    const notRun = 'Consumer group was not initialized, consumer#run must be called first'
    expect((await failure(consumer.commitOffsets([]))).message).toBe(notRun)
    expect(() => consumer.pause([{ topic: 't' }])).toThrow(notRun)
    expect(() => consumer.resume([{ topic: 't' }])).toThrow(notRun)
    expect(() => consumer.seek({ topic: 't', partition: 0, offset: '0' })).toThrow(notRun)
    expect(consumer.paused()).toEqual([])
    expect(() => consumer.seek({ topic: '', partition: 0, offset: '0' })).toThrow('Invalid topic ')
    expect(() => consumer.seek({ topic: 't', partition: 'x' as never, offset: '0' })).toThrow(
      'Invalid partition, expected a number received x',
    )
    expect(() => consumer.seek({ topic: 't', partition: 0, offset: 'x' })).toThrow(
      'Invalid offset, expected a long received x',
    )
    expect(() => consumer.pause([{ topic: 't', partitions: 'x' as never }])).toThrow(
      'Array of valid partitions required to pause specific partitions instead of x',
    )
    expect(
      (await failure(consumer.commitOffsets([{ topic: 't', partition: 0, offset: '-1' }]))).message,
    ).toBe('Offset must not be a negative number')
    expect(
      (
        await failure(
          consumer.commitOffsets([{ topic: 't', partition: 0, offset: '1', metadata: 4 as never }]),
        )
      ).message,
    ).toBe('Invalid offset metadata, expected string or null, received 4')
  })

  test('4: to subscribe while it runs', async () => {
    const topic = newTopic()
    const consumer = await running(topic, { eachMessage: async () => {} })
    expect((await failure(consumer.subscribe({ topics: ['other'] }))).message).toBe(
      'Cannot subscribe to topic while consumer is running',
    )
  })
})

describe('3, 4 transactions and codecs', () => {
  test('4: only what was committed is read, and the marker behind it does not hold up the group', async () => {
    const topic = newTopic()
    const groupId = `group-of-${topic}`
    const producer = setup.own(setup.kafka().producer({ transactionalId: `tx-${topic}`, idempotent: true }))
    await producer.connect()
    for (const [value, end] of [
      ['aborted', 'abort'],
      ['committed', 'commit'],
    ] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, compression: CompressionTypes.None, messages: [{ value }] })
      await transaction[end]()
    }
    const { values, eachMessage } = collecting()
    await running(topic, { eachMessage })
    await until(() => values.length === 1, 'the message')
    expect(values).toEqual(['committed'])
    await until(() => (committed(groupId, topic) ?? 0n) >= 3n, 'the commit')
  })
})
