import { silentLogger } from '../../../src/base/logger'
import { createCluster, type TestCluster } from '../../../src/testing'
import { describeEachKafka } from '../../kafka/support/describe-kafka'
import type { KafkaVersion } from '../../kafka/support/kafka-versions'

/** What a suite of the drop-in runs on. */
export interface BrokersUnderTest {
  /** Addresses; there once the suite's tests and hooks run. */
  readonly bootstrap: string[]
  /** A real Kafka: what no broker can tell apart need not be repeated there. */
  readonly isReal: boolean
}

/**
 * Declares a suite twice: on the in-process broker, over TCP, and on a real Kafka. The versions are those that KafkaJS
 * can talk to; the default is the current one.
 */
export function describeBrokers(
  title: string,
  body: (brokers: BrokersUnderTest) => void,
  versions: readonly KafkaVersion[] = ['4.3.1'],
): void {
  describe(`${title}, on the in-process broker`, () => {
    let cluster: TestCluster | undefined
    beforeAll(async () => {
      const configs = { 'group.initial.rebalance.delay.ms': 0 }
      cluster = await createCluster({ brokers: 1, logger: silentLogger, configs })
    })
    afterAll(() => cluster?.close())
    body({
      get bootstrap() {
        return cluster?.bootstrap ?? []
      },
      isReal: false,
    })
  })
  describeEachKafka(
    title,
    (kafka) => {
      body({
        get bootstrap() {
          return kafka.bootstrap
        },
        isReal: true,
      })
    },
    { versions },
  )
}
