import { Consumer } from '../../../../src/consumer/consumer'
import type { ConsumerOptions } from '../../../../src/consumer/consumer-options'
import type { Message } from '../../../../src/message/message'
import { FakeCluster } from './fake-cluster'
import { FakeGroup } from './fake-group'

/** A consumer on brokers and a group in memory. */
export interface ConsumerBench {
  readonly cluster: FakeCluster
  readonly group: FakeGroup
  readonly consumer: Consumer
}

/** A member of a group with one topic, `t`. */
export function groupConsumer(options: ConsumerOptions = {}, partitions = 1): ConsumerBench {
  const cluster = new FakeCluster()
  cluster.addTopic('t', partitions)
  const group = new FakeGroup()
  const consumer = new Consumer(
    cluster,
    { groupId: 'g', topics: ['t'], startFrom: 'earliest', ...options },
    group.factory,
  )
  return { cluster, group, consumer }
}

/** A consumer with all partitions of the topic `t` given by hand. */
export function assignedConsumer(options: ConsumerOptions = {}, partitions = 1): ConsumerBench {
  const cluster = new FakeCluster()
  cluster.addTopic('t', partitions)
  const group = new FakeGroup()
  const assign = Array.from({ length: partitions }, (_, partition) => ({ topic: 't', partition }))
  const consumer = new Consumer(cluster, { assign, startFrom: 'earliest', ...options }, group.factory)
  return { cluster, group, consumer }
}

/** The partitions of the topic `t`. */
export function partitionsOf(...partitions: number[]): { topic: string; partition: number }[] {
  return partitions.map((partition) => ({ topic: 't', partition }))
}

/** `partition:value`, the way tests compare what was delivered. */
export function shown(message: Message): string {
  return `${message.partition}:${String(message.rawValue)}`
}

/** Lets turns of the event loop and a little time of the clock pass until the condition holds; fails after many. */
export async function until(
  cluster: FakeCluster,
  condition: () => boolean,
  what = 'the condition',
): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return
    await cluster.clock.advance(i < 10 ? 0 : 5)
  }
  throw new Error(`${what} did not come about`)
}

/** `start`, `start + 1`, …, as the values that `FakeLog.fill` writes. */
export function values(start: number, end: number): string[] {
  return Array.from({ length: end - start }, (_, i) => String(start + i))
}
