import * as theirs from 'kafkajs'
import { silentLogger } from '../../../src/base/logger'
import * as ours from '../../../src/kafkajs'
import { createCluster, type TestCluster } from '../../../src/testing'
import { until } from '../../in-process/support/case-runner'

/** Who is asked the same: KafkaJS, whose answers are the expectations, and us. */
export const peers: Readonly<Record<'KafkaJS' | 'typed-kafka', typeof ours.Kafka>> = {
  KafkaJS: theirs.Kafka as typeof ours.Kafka,
  'typed-kafka': ours.Kafka,
}
export type PeerName = keyof typeof peers
export const peerNames = Object.keys(peers) as PeerName[]

/** Fails, and may be tried again. */
export const passing = (message: string): Error => Object.assign(new Error(message), { name: 'Passing' })

/** What a consumer tells of its life, by name. */
export function lifeOf(consumer: ours.Consumer): string[] {
  const told: string[] = []
  for (const name of ['CONNECT', 'DISCONNECT', 'STOP', 'CRASH', 'GROUP_JOIN'] as const) {
    consumer.on(consumer.events[name] as 'consumer.stop', () => void told.push(name))
  }
  return told
}

/** Most a condition is waited for. */
const patienceMs = 15_000

/** One broker for the tests of a file, and clients of either peer that end with each test. */
export class TwoClients {
  #cluster: TestCluster | undefined
  #clients: { disconnect(): Promise<void> }[] = []
  #lastTopic = 0

  /** Begins and ends with the file's tests. */
  constructor() {
    beforeAll(async () => {
      process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
      const configs = { 'group.initial.rebalance.delay.ms': 0 }
      this.#cluster = await createCluster({ brokers: 1, logger: silentLogger, configs })
    })
    afterEach(async () => {
      this.#cluster?.clearFaults()
      await Promise.all(this.#clients.splice(0).map((client) => client.disconnect()))
    })
    afterAll(() => this.#cluster?.close())
  }

  get cluster(): TestCluster {
    return this.#cluster as TestCluster
  }

  kafka(peer: PeerName, config: Partial<ours.KafkaConfig> = {}): ours.Kafka {
    return new peers[peer]({
      brokers: this.cluster.bootstrap,
      logLevel: 0,
      // KafkaJS's second is too short on a busy machine.
      connectionTimeout: 10_000,
      retry: { initialRetryTime: 20, maxRetryTime: 50, retries: 3 },
      ...config,
    })
  }

  /** A consumer of a group of its own, which ends with the test. */
  consumer(
    peer: PeerName,
    config: Partial<ours.ConsumerConfig> = {},
    kafka = this.kafka(peer),
  ): ours.Consumer {
    const consumer = kafka.consumer({
      groupId: `group-${this.#lastTopic}`,
      maxWaitTimeInMs: 50,
      heartbeatInterval: 100,
      ...config,
    })
    this.#clients.push(consumer)
    return consumer
  }

  /** A new topic, whose group is `groupOf` it. */
  topic(partitions = 1): string {
    const name = `topic-${++this.#lastTopic}`
    this.cluster.createTopic(name, { partitions })
    return name
  }

  /** Values into partition 0, or messages. */
  async produce(topic: string, ...messages: (string | ours.Message)[]): Promise<void> {
    const producer = this.kafka('typed-kafka').producer()
    await producer.connect()
    const given = messages.map((one) => (typeof one === 'string' ? { value: one, partition: 0 } : one))
    await producer.send({ topic, messages: given })
    await producer.disconnect()
  }

  /** A consumer that is subscribed from the beginning, and runs. */
  async running(
    peer: PeerName,
    topic: string,
    run: ours.ConsumerRunConfig,
    config: Partial<ours.ConsumerConfig> = {},
  ): Promise<ours.Consumer> {
    const consumer = this.consumer(peer, config)
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run(run)
    return consumer
  }

  /** What the topic's group has committed for a partition. */
  committed(topic: string, partition = 0): bigint | undefined {
    const { offsets = [] } = this.cluster.group(`group-${topic.slice('topic-'.length)}`) ?? {}
    return offsets.find((one) => one.topic === topic && one.partition === partition)?.offset
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    await until(condition, what, patienceMs)
  }
}
