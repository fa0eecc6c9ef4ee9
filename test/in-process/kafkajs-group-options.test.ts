// Guards what the drop-in's consumers can beyond KafkaJS: assignors of all clients, static members, groups by KIP-848.
import { PartitionAssigners } from '../../src/kafkajs'
import { KafkaJSNonRetriableError } from '../../src/kafkajs/errors/kafkajs-error'
import type {
  Consumer,
  ConsumerConfig,
  EachMessagePayload,
  PartitionAssigner,
} from '../../src/kafkajs/types/consumer'
import type { ConsumerGroupJoinEvent } from '../../src/kafkajs/types/events'
import type { Message } from '../../src/kafkajs/types/message'
import type { LogEntry } from '../../src/kafkajs/types/logger'
import { rejectionOf } from '../support/rejection'
import { until } from './support/case-runner'
import { KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

beforeAll(async () => {
  await setup.start({
    configs: {
      'group.initial.rebalance.delay.ms': 0,
      'group.consumer.min.heartbeat.interval.ms': 50,
      'group.consumer.heartbeat.interval.ms': 50,
      'group.consumer.assignment.interval.ms': 0,
    },
  })
})

afterEach(() => setup.disconnect())

afterAll(() => setup.endCleanly())

const newTopic = (partitions = 4) => setup.newTopic(partitions)

async function produce(topic: string, values: readonly string[]): Promise<void> {
  await send(topic, ...values.map((value) => ({ value })))
}

const send = (topic: string, ...messages: Message[]) => setup.produce(topic, ...messages)

/** A member of the topic's group that notes what it reads, and how it joined. */
async function member(topic: string, config: Partial<ConsumerConfig>, seen: string[] = []) {
  const consumer = setup.own(
    setup.kafka().consumer({ groupId: `group-of-${topic}`, maxWaitTimeInMs: 50, ...config }),
  )
  const joins: ConsumerGroupJoinEvent['payload'][] = []
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => void joins.push(payload))
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }: EachMessagePayload) => void seen.push(String(message.value)),
  })
  return { consumer, joins, seen, partitions: () => joins.at(-1)?.memberAssignment[topic]?.length ?? 0 }
}

const groupOf = (topic: string) => setup.cluster.group(`group-of-${topic}`)
const values = Array.from({ length: 40 }, (_, i) => `${i}`)

describe('partitionAssigners of all clients', () => {
  test.each([
    ['range', PartitionAssigners.range],
    ['sticky', PartitionAssigners.sticky],
    ['cooperative-sticky', PartitionAssigners.cooperativeSticky],
  ])('%s: members divide the partitions under this name, and read everything', async (name, assigner) => {
    const topic = newTopic()
    const config = { partitionAssigners: [assigner], heartbeatInterval: 50 }
    const seen: string[] = []
    const one = await member(topic, config, seen)
    const two = await member(topic, config, seen)
    await until(() => one.partitions() === 2 && two.partitions() === 2, 'both at work')
    expect(two.joins.at(-1)).toMatchObject({ groupProtocol: name, isLeader: false })
    expect(two.joins.at(-1)?.leaderId).toBe(one.joins.at(-1)?.memberId)
    await produce(topic, values)
    await until(() => seen.length >= values.length, 'all')
    expect(seen.sort()).toEqual([...values].sort())
  })

  test('cooperative-sticky: a partition that stays is read on while another one moves', async () => {
    const topic = newTopic(2)
    const config = { partitionAssigners: [PartitionAssigners.cooperativeSticky], heartbeatInterval: 50 }
    let finish = (): void => {}
    const handling: number[] = []
    const one = setup.own(
      setup.kafka().consumer({ groupId: `group-of-${topic}`, ...config, maxWaitTimeInMs: 50 }),
    )
    await one.subscribe({ topics: [topic], fromBeginning: true })
    let heartbeatFailed = false
    await one.run({
      partitionsConsumedConcurrently: 2,
      eachMessage: async ({ partition, heartbeat }) => {
        handling.push(partition)
        await new Promise<void>((resolve) => (finish = resolve))
        await heartbeat().catch(() => (heartbeatFailed = true))
      },
    })
    await send(topic, { value: 'a', partition: 0 })
    await until(() => handling.length === 1, 'the handler')
    const two = await member(topic, config)
    await until(() => two.partitions() === 1, 'the other partition')
    finish()
    await until(() => groupOf(topic)?.offsets.some(({ offset }) => offset === 1n) === true, 'the commit')
    expect([handling, heartbeatFailed]).toEqual([[0], false])
  })

  test('an assigner that stands for one of ours is not to be called', async () => {
    const assigner = (PartitionAssigners.range as (config: object) => ReturnType<PartitionAssigner>)({})
    expect(assigner.name).toBe('range')
    const error = await rejectionOf(assigner.assign({ members: [], topics: [] }))
    expect(error).toMatchObject({ name: 'KafkaJSNotImplemented' })
  })
})

describe('groupInstanceId', () => {
  test('a member that comes back under it has its partitions again, and nobody else is disturbed', async () => {
    const topic = newTopic()
    const other = await member(topic, { groupInstanceId: 'other', heartbeatInterval: 50 })
    const first = await member(topic, { groupInstanceId: 'mine', heartbeatInterval: 50 })
    await until(() => other.partitions() === 2 && first.partitions() === 2, 'both at work')
    const before = first.joins.at(-1)?.memberAssignment
    const otherJoins = other.joins.length
    await first.consumer.disconnect()
    expect(groupOf(topic)?.members).toHaveLength(2)
    const again = await member(topic, { groupInstanceId: 'mine', heartbeatInterval: 50 })
    expect(again.joins.at(-1)?.memberAssignment).toEqual(before)
    expect(other.joins).toHaveLength(otherJoins)
    await produce(topic, values)
    await until(() => again.seen.length + other.seen.length >= values.length, 'all')
  })
})

describe("groupProtocol 'consumer'", () => {
  const config = { groupProtocol: 'consumer' as const }

  test('the broker assigns; everything else is as before', async () => {
    const topic = newTopic()
    const seen: string[] = []
    const one = await member(topic, config, seen)
    const two = await member(topic, { ...config, groupRemoteAssignor: 'range' }, seen)
    await until(() => one.partitions() === 2 && two.partitions() === 2, 'both at work')
    expect(groupOf(topic)?.kind).toBe('consumer')
    expect(two.joins.at(-1)).toMatchObject({ groupProtocol: '', leaderId: '', isLeader: false })
    await produce(topic, values)
    await until(() => seen.length >= values.length, 'all')
    expect(seen.sort()).toEqual([...values].sort())
    const committed = () => groupOf(topic)?.offsets.reduce((sum, { offset }) => sum + Number(offset), 0)
    await until(() => committed() === values.length, 'the commits')
    expect(await one.consumer.describeGroup()).toMatchObject({ state: 'Stable', members: [{}, {}] })
    await two.consumer.stop()
    await until(() => one.partitions() === 4, 'all partitions')
  })

  test('a handler that fails is called again, and a crash starts again', async () => {
    const topic = newTopic(1)
    await produce(topic, ['a', 'b'])
    const seen: string[] = []
    const consumer: Consumer = setup.own(
      setup.kafka().consumer({ groupId: `group-of-${topic}`, ...config, retry: { retries: 0 } }),
    )
    const crashes: unknown[] = []
    consumer.on('consumer.crash', (event) => crashes.push(event))
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        seen.push(String(message.value))
        if (seen.length === 2) throw Object.assign(new Error('once'), { name: 'Passing' })
      },
    })
    await until(() => seen.length === 3, 'the restart')
    expect([seen, crashes.length]).toEqual([['a', 'b', 'b'], 1])
  })

  test('what the broker decides is warned of', () => {
    const entries: LogEntry[] = []
    const logCreator = () => (entry: LogEntry) => void entries.push(entry)
    setup
      .kafka({ logCreator })
      .consumer({ ...config, groupId: 'g', sessionTimeout: 6000, heartbeatInterval: 50 })
    expect(entries).toMatchObject([
      { label: 'WARN', log: { groupId: 'g', unused: ['sessionTimeout', 'heartbeatInterval'] } },
    ])
  })

  test.each([
    [
      { groupProtocol: 'new' as 'classic' },
      'Consumer groupProtocol ("new") must be "classic" or "consumer".',
    ],
    [
      { groupRemoteAssignor: 'uniform' },
      'Consumer groupRemoteAssignor needs groupProtocol "consumer": here the members assign, by partitionAssigners.',
    ],
  ])('%j is refused', (wrong, message) => {
    const make = () => setup.kafka().consumer({ groupId: 'g', ...wrong })
    expect(make).toThrow(KafkaJSNonRetriableError)
    expect(make).toThrow(message)
  })
})
