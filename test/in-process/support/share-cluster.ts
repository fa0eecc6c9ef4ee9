import { Kafka, type KafkaOptions, type ShareConsumer, type ShareConsumerOptions } from '../../../src'
import { silentLogger } from '../../../src/base/logger'
import { createCluster, type TestCluster, type TestClusterOptions } from '../../../src/testing'

const configs = {
  'group.share.min.heartbeat.interval.ms': 20,
  'group.share.heartbeat.interval.ms': 20,
  'group.share.min.session.timeout.ms': 500,
  'group.share.session.timeout.ms': 500,
  'group.share.assignment.interval.ms': 0,
  'group.share.min.record.lock.duration.ms': 1000,
}

/** A cluster, a group that reads from the start, and what a test makes of both; all is closed together. */
export class ShareCluster {
  readonly broker: TestCluster
  readonly kafka: Kafka
  readonly #closers: (() => Promise<void>)[] = []

  private constructor(broker: TestCluster) {
    this.broker = broker
    this.kafka = this.connect()
  }

  static async start(options: TestClusterOptions = {}): Promise<ShareCluster> {
    const cluster = new ShareCluster(
      await createCluster({
        network: 'memory',
        logger: silentLogger,
        topics: [{ name: 'orders', partitions: 1 }],
        ...options,
        configs: options.version?.startsWith('3') ? {} : { ...configs, ...options.configs },
      }),
    )
    const hasShareGroups = !cluster.broker.version.startsWith('3')
    if (hasShareGroups) await cluster.configure('workers', { 'share.auto.offset.reset': 'earliest' })
    return cluster
  }

  connect(options: Partial<KafkaOptions> = {}): Kafka {
    return new Kafka({
      ...this.broker.clientOptions(),
      logger: silentLogger,
      requestTimeoutMs: 2_000,
      retryBackoffMs: 10,
      retryBackoffMaxMs: 50,
      ...options,
    })
  }

  /** Sets configs of a group. */
  async configure(groupId: string, set: Readonly<Record<string, string | number>>): Promise<void> {
    await using admin = this.kafka.admin()
    await admin.incrementalAlterConfigs([{ type: 'group', name: groupId, set }])
  }

  /** A member of the group `workers` that reads `orders`. */
  consumer(
    options: Partial<ShareConsumerOptions<readonly string[]>> = {},
    kafka = this.kafka,
  ): ShareConsumer<readonly string[]> {
    const consumer = kafka.shareConsumer<readonly string[]>({
      groupId: 'workers',
      topics: ['orders'],
      fetchMaxWaitMs: 50,
      ...options,
    })
    this.#closers.push(() => consumer.close({ timeoutMs: 2_000 }))
    return consumer
  }

  /** Sends values, one batch a call. */
  async produce(values: readonly string[], partition = 0, topic = 'orders'): Promise<void> {
    await using producer = this.kafka.producer()
    await producer.send(
      topic,
      values.map((value) => ({ value, partition })),
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.#closers.splice(0).map((close) => close()))
    await this.broker.close()
  }
}

/** Numbered values. */
export function values(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `v${from + index}`)
}
