import { silentLogger } from '../../../src/base/logger'
import type { KafkaJSError } from '../../../src/kafkajs/errors/kafkajs-error'
import { Kafka } from '../../../src/kafkajs/kafka'
import type { KafkaConfig } from '../../../src/kafkajs/types/config'
import type { Message } from '../../../src/kafkajs/types/message'
import type { Producer, ProducerConfig } from '../../../src/kafkajs/types/producer'
import { createCluster, type TestCluster, type TestClusterOptions } from '../../../src/testing'
import { rejectionOf } from '../../support/rejection'

/** A cluster on real ports, because KafkaJS's config has no other network, and what ends with it. */
export class KafkaJsSetup {
  #cluster: TestCluster | undefined
  readonly #clients: { disconnect(): Promise<void> }[] = []
  #topics = 0

  /** The cluster under test. */
  get cluster(): TestCluster {
    return this.#cluster as TestCluster
  }

  async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    this.#cluster = await createCluster({ brokers: 1, logger: silentLogger, ...options })
    return this.#cluster
  }

  kafka(config: Partial<KafkaConfig> = {}): Kafka {
    return new Kafka({
      brokers: this.cluster.bootstrap,
      logCreator: () => () => {},
      retry: { initialRetryTime: 10, maxRetryTime: 50, retries: 3 },
      ...config,
    })
  }

  /** Disconnects the client when the test is over. */
  own<Client extends { disconnect(): Promise<void> }>(client: Client): Client {
    this.#clients.push(client)
    return client
  }

  /** For a topic that is not there, and that no other test has. */
  newTopicName(): string {
    return `topic-${++this.#topics}`
  }

  newTopic(partitions = 1): string {
    const name = this.newTopicName()
    this.cluster.createTopic(name, { partitions })
    return name
  }

  /** Connected; disconnects when the test is over. */
  async producer(config: ProducerConfig = {}, kafka: Partial<KafkaConfig> = {}): Promise<Producer> {
    const producer = this.own(this.kafka(kafka).producer(config))
    await producer.connect()
    return producer
  }

  /** Sends messages in one call; a text is one of partition 0. */
  async produce(topic: string, ...messages: readonly (string | Message)[]): Promise<void> {
    const producer = await this.producer()
    const given = messages.map((one) => (typeof one === 'string' ? { value: one, partition: 0 } : one))
    await producer.send({ topic, messages: given })
  }

  /** The values that the topic's logs hold. */
  valuesOf(topic: string): string[] {
    return this.cluster.records(topic).map(({ value }) => String(value))
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.disconnect()))
  }

  async end(): Promise<void> {
    await this.disconnect()
    await this.#cluster?.close()
    this.#cluster = undefined
  }

  /** Ends, and expects that no handler of the brokers has failed. */
  async endCleanly(): Promise<void> {
    const { failures } = this.cluster
    await this.end()
    expect(failures).toEqual([])
  }
}

/** What a call of KafkaJS rejects with. */
export async function failure(promise: Promise<unknown>): Promise<KafkaJSError> {
  return (await rejectionOf(promise)) as Error as KafkaJSError
}

/** The numbers of the codecs of all batches that were produced, in the order of their requests. */
export function compressionsOf(cluster: TestCluster): number[] {
  return cluster.requests
    .filter({ api: 'Produce' })
    .flatMap(({ request }) => request.topicData)
    .flatMap(({ partitionData }) => partitionData)
    .map(({ records }) => (records as Buffer).readInt16BE(attributesAt) & codecBits)
}

/** Where a batch's attributes are, and which of them are the codec. */
const attributesAt = 21
const codecBits = 0x7
