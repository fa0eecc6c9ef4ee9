// Guards the move of a running group: one member after another goes from KafkaJS to us, and nothing is lost.
import * as theirs from 'kafkajs'
import * as ours from '../../src/kafkajs'
import { silentLogger } from '../../src/base/logger'
import { createCluster, type TestCluster } from '../../src/testing'
import { until } from '../in-process/support/case-runner'

let cluster: TestCluster
const clients: { disconnect(): Promise<void> }[] = []

beforeAll(async () => {
  cluster = await createCluster({
    brokers: 1,
    logger: silentLogger,
    configs: { 'group.initial.rebalance.delay.ms': 0 },
    topics: [{ name: 't', partitions: 6 }],
  })
})

afterAll(async () => {
  await Promise.all(clients.map((client) => client.disconnect()))
  await cluster.close()
})

const options = () => ({ brokers: cluster.bootstrap, logLevel: 0 })
const makers = {
  theirs: () => new theirs.Kafka(options()) as ours.Kafka,
  ours: () => new ours.Kafka(options()),
}

const seen = new Map<string, string[]>()

async function member(
  kind: keyof typeof makers,
): Promise<{ consumer: ours.Consumer; protocol: () => string }> {
  const consumer = makers[kind]().consumer({ groupId: 'g', heartbeatInterval: 100, maxWaitTimeInMs: 50 })
  clients.push(consumer)
  let protocol = ''
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => (protocol = payload.groupProtocol))
  await consumer.subscribe({ topics: ['t'], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      const value = String(message.value)
      seen.set(value, [...(seen.get(value) ?? []), kind])
    },
  })
  return { consumer, protocol: () => protocol }
}

let sent = 0
async function produce(producer: ours.Producer, count: number): Promise<void> {
  const values = Array.from({ length: count }, () => `${sent++}`)
  for (const value of values) await producer.send({ topic: 't', messages: [{ value }] })
  await until(() => values.every((value) => seen.has(value)), 'all of them', 15_000)
}

test('9.2, 13.2: a group goes over one member at a time; while one of KafkaJS is in it, its protocol is used', async () => {
  const producer = makers.ours().producer()
  clients.push(producer)
  await producer.connect()

  const old = await member('theirs')
  await produce(producer, 20)
  const next = await member('ours')
  await until(() => next.protocol() !== '', 'the join')
  await until(() => cluster.group('g')?.members.length === 2, 'both')
  expect(next.protocol()).toBe('RoundRobinAssigner')
  await produce(producer, 60)
  expect(new Set([...seen.values()].flat())).toEqual(new Set(['theirs', 'ours']))

  await old.consumer.disconnect()
  await until(() => cluster.group('g')?.members.length === 1, 'the old one gone')
  await produce(producer, 60)
  const last = await member('ours')
  await until(() => last.protocol() === 'roundrobin', 'the new name')
  await produce(producer, 60)
  expect([...seen.keys()].map(Number).sort((a, b) => a - b)).toEqual(
    Array.from({ length: sent }, (_, i) => i),
  )
}, 60_000)
