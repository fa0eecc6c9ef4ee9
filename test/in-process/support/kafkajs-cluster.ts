import { silentLogger } from '../../../src/base/logger'
import { Kafka } from '../../../src/kafkajs/kafka'
import type { KafkaConfig } from '../../../src/kafkajs/types/config'
import { createCluster, type TestCluster, type TestClusterOptions } from '../../../src/testing'

/** A cluster on real ports, because KafkaJS's config has no other network, and what ends with it. */
export class KafkaJsSetup {
  #cluster: TestCluster | undefined
  readonly #clients: { disconnect(): Promise<void> }[] = []

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

  async disconnect(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.disconnect()))
  }

  async end(): Promise<void> {
    await this.disconnect()
    await this.#cluster?.close()
    this.#cluster = undefined
  }
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
