import {
  Kafka,
  type KafkaOptions,
  type ShareConsumer,
  type ShareConsumerOptions,
  type ShareMessage,
} from '../../../src'
import { simulate, type Simulation } from '../../../src/testing'

/** Share consumers on a clock that jumps, where a lock's thirty seconds take no time. */
export class SharedTopic {
  readonly sim: Simulation
  readonly kafka: Kafka

  private constructor(sim: Simulation) {
    this.sim = sim
    this.kafka = this.connect()
  }

  /** Runs a test on a cluster whose group `workers` reads `orders` from the start. */
  static run(
    test: (shared: SharedTopic) => Promise<void>,
    options: { readonly brokers?: number; readonly partitions?: number; readonly lockMs?: number } = {},
  ): Promise<void> {
    const { brokers = 1, partitions = 1, lockMs = 15_000 } = options
    return simulate(
      1,
      async (sim) => {
        sim.cluster.createTopic('orders', { partitions, replicationFactor: brokers })
        const shared = new SharedTopic(sim)
        await using admin = shared.kafka.admin()
        const set = { 'share.auto.offset.reset': 'earliest', 'share.record.lock.duration.ms': lockMs }
        await admin.incrementalAlterConfigs([{ type: 'group', name: 'workers', set }])
        await test(shared)
      },
      { brokers },
    )
  }

  connect(options: Partial<KafkaOptions> = {}): Kafka {
    return new Kafka({ ...this.sim.clientOptions(), requestTimeoutMs: 5_000, ...options })
  }

  consumer(
    options: Partial<ShareConsumerOptions<readonly string[]>> = {},
    kafka = this.kafka,
  ): ShareConsumer<readonly string[]> {
    return kafka.shareConsumer<readonly string[]>({ groupId: 'workers', topics: ['orders'], ...options })
  }

  async produce(values: readonly string[], partition = 0): Promise<void> {
    await using producer = this.kafka.producer()
    await producer.send(
      'orders',
      values.map((value) => ({ value, partition })),
    )
  }

  /** Waits until the condition holds; a simulation that can't go on fails by itself. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.sim.sleep(50)
  }
}

/** Value and delivery count, such as `v0×2`. */
export const deliveryOf = (message: ShareMessage) => `${String(message.rawValue)}×${message.deliveryCount}`
