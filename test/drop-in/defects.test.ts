// Guards against defects of KafkaJS that cost its users messages or time. Each case runs on both; what KafkaJS makes of it
// stands beside, with the reason.
import * as theirs from 'kafkajs'
import { silentLogger } from '../../src/base/logger'
import * as ours from '../../src/kafkajs'
import { createCluster, type TestCluster } from '../../src/testing'
import { until } from '../in-process/support/case-runner'

let cluster: TestCluster
let clients: { disconnect(): Promise<void> }[] = []
let lastTopic = 0

beforeAll(async () => {
  process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
  cluster = await createCluster({
    brokers: 2,
    logger: silentLogger,
    configs: { 'group.initial.rebalance.delay.ms': 0 },
  })
})

afterEach(async () => {
  cluster.clearFaults()
  await Promise.all(clients.map((client) => client.disconnect()))
  clients = []
})

afterAll(() => cluster.close())

const peers = { KafkaJS: theirs.Kafka as typeof ours.Kafka, 'typed-kafka': ours.Kafka }
type Peer = keyof typeof peers

function kafkaOf(peer: Peer): ours.Kafka {
  const retry = { initialRetryTime: 20, maxRetryTime: 100, retries: 5 }
  return new peers[peer]({ brokers: cluster.bootstrap, logLevel: ours.logLevel.NOTHING, retry })
}

function own<Client extends { disconnect(): Promise<void> }>(client: Client): Client {
  clients.push(client)
  return client
}

async function producerOf(peer: Peer, config: ours.ProducerConfig = {}): Promise<ours.Producer> {
  const producer = own(kafkaOf(peer).producer(config))
  await producer.connect()
  return producer
}

/** A topic whose partitions are led by the brokers 1 and 2 in turn. */
function newTopic(partitions: number): string {
  const topic = `topic-${++lastTopic}`
  const replicas = (partition: number) => (partition % 2 === 0 ? [1, 2] : [2, 1])
  cluster.createTopic(topic, { assignments: new Map(numbers(partitions).map((i) => [i, replicas(i)])) })
  return topic
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
const storedIn = (topic: string, partition?: number) =>
  cluster.records(topic, partition).map(({ value }) => Number(value))
const sorted = (values: number[]) => values.sort((a, b) => a - b)

describe('13.1 partial failures of a send', () => {
  async function storedDespiteRefusal(peer: Peer): Promise<number[]> {
    const topic = newTopic(2)
    const producer = await producerOf(peer)
    cluster.faults.failProduce({ topic, error: 'NOT_LEADER_OR_FOLLOWER', broker: 2, times: 1 })
    await producer.send({ topic, messages: numbers(3).map((i) => ({ value: `${i}` })) })
    return sorted(storedIn(topic))
  }

  test('13.1: one of two brokers refuses once: messages without keys are stored once', async () => {
    expect(await storedDespiteRefusal('typed-kafka')).toEqual([0, 1, 2])
  })

  test('13.1: KafkaJS loses messages and doubles others: a retry chooses partitions anew, and passes over brokers that have answered', async () => {
    const stored = await storedDespiteRefusal('KafkaJS')
    // It depends on where its round robin begins which of them.
    expect([
      [0, 0, 2, 2],
      [1, 1],
    ]).toContainEqual(stored)
  })

  test('13.1: leaders move between sends of many messages: all are stored once', async () => {
    const topic = newTopic(4)
    const producer = await producerOf('typed-kafka')
    const send = (from: number) =>
      producer.send({ topic, messages: numbers(26).map((i) => ({ value: `${from + i}` })) })
    await send(0)
    cluster.moveLeader(topic, 1, 1)
    await send(26)
    cluster.moveLeader(topic, 0, 2)
    await send(52)
    expect(sorted(storedIn(topic))).toEqual(numbers(78))
  })
})

describe('13.5 idempotence with sends that overlap', () => {
  const partitions = numbers(3)
  const wanted = partitions.map((partition) => numbers(60).filter((i) => i % 3 === partition))

  /** What the partitions hold in the end; a send that fails ends the case. */
  async function storedDespite(fault: (topic: string) => void, peer: Peer): Promise<number[][]> {
    const topic = newTopic(3)
    const producer = await producerOf(peer, { idempotent: true })
    await producer.send({ topic, messages: partitions.map((partition) => ({ value: '-1', partition })) })
    fault(topic)
    const sends = numbers(60).map((i) =>
      producer.send({ topic, messages: [{ value: `${i}`, partition: i % 3 }] }),
    )
    await Promise.all(sends)
    return partitions.map((partition) => storedIn(topic, partition).slice(1))
  }

  const lostAnswer = () => void cluster.faults.closeAfter('Produce', { times: 2 })
  const refusal = (topic: string) =>
    void cluster.faults.failProduce({ topic, partition: 1, error: 'NOT_LEADER_OR_FOLLOWER', times: 2 })

  test('13.5: answers are lost: each of 60 sends is stored once, in their order', async () => {
    expect(await storedDespite(lostAnswer, 'typed-kafka')).toEqual(wanted)
  })

  // On a slow machine its sends fail as well ("Broker not connected"), which is not what is wanted either.
  const outcomeOfKafkaJS = (fault: (topic: string) => void) =>
    storedDespite(fault, 'KafkaJS').catch((error: unknown) => error)

  test('13.5: KafkaJS loses messages without an error, or doubles them: it takes its sequence numbers back', async () => {
    expect(await outcomeOfKafkaJS(lostAnswer)).not.toEqual(wanted)
  })

  test('13.5: a partition is refused twice: each of 60 sends is stored once, in their order', async () => {
    expect(await storedDespite(refusal, 'typed-kafka')).toEqual(wanted)
  })

  test('13.5: KafkaJS stores what it tries again behind what was sent later', async () => {
    expect(await outcomeOfKafkaJS(refusal)).not.toEqual(wanted)
  })
})

describe('13.18 what is slow delays nothing else', () => {
  const limitMs = 1_000

  async function consume(
    peer: Peer,
    topic: string,
    eachMessage: (value: number, partition: number) => Promise<void>,
  ): Promise<void> {
    const consumer = own(kafkaOf(peer).consumer({ groupId: topic, maxWaitTimeInMs: 50 }))
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      partitionsConsumedConcurrently: 2,
      eachMessage: ({ message, partition }) => eachMessage(Number(message.value), partition),
    })
  }

  /** Sends one after the other, and gives those that did not arrive in time. */
  async function late(seen: readonly number[], send: (value: number) => Promise<unknown>): Promise<number[]> {
    const missing: number[] = []
    for (const value of [1, 2, 3]) {
      await send(value)
      await until(() => seen.includes(value), `message ${value}`, limitMs).catch(() => missing.push(value))
    }
    return missing
  }

  async function lateBesideSlowHandler(peer: Peer): Promise<number[]> {
    const topic = newTopic(3)
    const producer = await producerOf(peer)
    const send = (value: number, partition: number) =>
      producer.send({ topic, messages: [{ value: `${value}`, partition }] })
    const seen: number[] = []
    let release = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    let isHeld = false
    try {
      await consume(peer, topic, async (value, partition) => {
        if (partition === 2) return void seen.push(value)
        isHeld = true
        await released
      })
      await Promise.all([send(0, 0), send(0, 2)])
      await until(() => isHeld && seen.length === 1, 'one of each')
      return await late(seen, (value) => send(value, 2))
    } finally {
      release()
    }
  }

  test('13.18: while a handler takes its time, another partition of the same broker goes on', async () => {
    expect(await lateBesideSlowHandler('typed-kafka')).toEqual([])
  })

  test('13.18: KafkaJS waits: it asks a broker for more when all that it gave was handled', async () => {
    expect((await lateBesideSlowHandler('KafkaJS')).length).toBeGreaterThan(1)
  })

  test.each(['typed-kafka', 'KafkaJS'] as const)(
    '13.18: %s goes on with partitions of one broker while another is slow',
    async (peer) => {
      const topic = newTopic(2)
      const producer = await producerOf(peer)
      const send = (value: number, ...partitions: number[]) =>
        producer.send({ topic, messages: partitions.map((partition) => ({ value: `${value}`, partition })) })
      const seen: number[] = []
      await consume(peer, topic, async (value) => void seen.push(value))
      await send(0, 0, 1)
      await until(() => seen.length === 2, 'one of each')
      cluster.faults.delay('Fetch', 2_500, { broker: 2 })
      await send(9, 1)
      expect(await late(seen, (value) => send(value, 0))).toEqual([])
    },
  )
})
