import { Kafka, type ConsumerOptions, type KafkaOptions } from '../../../src'
import { silentLogger } from '../../../src/base/logger'
import { createCluster, type TestCluster, type TestClusterOptions } from '../../../src/testing'
import { WatchedMember } from '../../support/watched-member'

/** Sessions of half a second, heartbeats by the twentieth of one. */
export const configs = {
  'group.consumer.min.heartbeat.interval.ms': 50,
  'group.consumer.heartbeat.interval.ms': 50,
  'group.consumer.min.session.timeout.ms': 500,
  'group.consumer.session.timeout.ms': 500,
  'group.consumer.assignment.interval.ms': 0,
}

/** What is closed in the end, the last first. */
export const closers: (() => Promise<void>)[] = []

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close()
}

/** Brokers that serve the protocol; closed by `closeAll`. */
export async function start(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = await createCluster({
    logger: silentLogger,
    configs,
    topics: [{ name: 'orders', partitions: 4 }],
    ...options,
  })
  closers.push(() => cluster.close())
  return cluster
}

/** A member of the group `billing` that is closed by `closeAll`. */
export class Member extends WatchedMember {
  constructor(cluster: TestCluster, options: ConsumerOptions = {}, kafka: Partial<KafkaOptions> = {}) {
    const topics = options.topics ?? ['orders']
    super(
      { ...cluster.clientOptions(), requestTimeoutMs: 1_000, ...kafka },
      { groupProtocol: 'consumer', ...options, topics },
    )
    closers.push(() => this.close())
  }
}

/** Sends so many messages to `orders`, round four partitions. */
export async function produce(cluster: TestCluster, count: number): Promise<string[]> {
  const producer = new Kafka({ ...cluster.clientOptions(), logger: silentLogger }).producer()
  const values = Array.from({ length: count }, (_, i) => `m${i}`)
  await Promise.all(values.map((value, i) => producer.send('orders', { partition: i % 4, value })))
  await producer.close()
  return values
}

/** The sum of what the group has committed. */
export const committed = (cluster: TestCluster) =>
  (cluster.group('billing')?.offsets ?? []).reduce((sum, { offset }) => sum + Number(offset), 0)
