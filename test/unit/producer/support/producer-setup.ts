import { KafkaError } from '../../../../src/base/errors'
import { Producer } from '../../../../src/producer/producer'
import type { ProducerOptions } from '../../../../src/producer/producer-options'
import { FakeClock, settle } from '../../support/fake-clock'
import { FakeProduceCluster } from './fake-produce-cluster'

/** A producer on a fake cluster whose topic `t` has its partitions' leaders as given. */
export function setUp(options: ProducerOptions = {}, leaders: readonly number[] = [1]) {
  const clock = new FakeClock()
  const cluster = new FakeProduceCluster(clock)
  if (leaders.length > 0) cluster.metadata.setTopic('t', leaders)
  const producer = new Producer(cluster, options)
  open.push(producer)
  /** Sends each value as a batch of its own, to partition 0. */
  const sendEach = async (...values: string[]) => {
    const sent: Promise<Outcome>[] = []
    for (const value of values) {
      sent.push(outcome(producer.send('t', { value, partition: 0 })))
      await settle()
    }
    return sent
  }
  return { clock, cluster, producer, sendEach }
}

const open: Producer[] = []

/** Closes what a test left open; call it after each. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((producer) => producer.close({ timeoutMs: 0 })))
}

/** A settled call: its offset, or its error. */
export type Outcome = bigint | KafkaError

/** What a call came to, without a rejection to catch. */
export function outcome(sent: Promise<{ offset: bigint }>): Promise<Outcome> {
  return sent.then(
    (receipt) => receipt.offset,
    (error: unknown) => KafkaError.from(error),
  )
}
