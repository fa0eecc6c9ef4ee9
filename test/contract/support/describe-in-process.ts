import { silentLogger } from '../../../src/base/logger'
import { createBroker, type TestCluster } from '../../../src/testing'
import type { Release } from './describe-each-broker'

/** What the real brokers of the suites are configured with, as far as it can be seen in an answer. */
const configs = {
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1_000,
  'auto.create.topics.enable': false,
  'offsets.topic.num.partitions': 5,
  'transaction.state.log.num.partitions': 5,
  'share.coordinator.state.topic.num.partitions': 5,
  'default.replication.factor': 1,
  'min.insync.replicas': 1,
  'offsets.topic.replication.factor': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
}

let lastName = 0

/** Declares a suite for the in-process broker; it has one of its own, started before its first test. */
export function describeInProcess(
  title: string,
  release: Release,
  body: (target: { addresses(): string[]; uniqueName(prefix: string): string }) => void,
): void {
  describe(`${title}, in process as ${release}`, () => {
    let cluster: TestCluster
    beforeAll(
      async () => void (cluster = await createBroker({ version: release, configs, logger: silentLogger })),
    )
    afterAll(() => cluster?.close())
    body({
      addresses: () => [...cluster.bootstrap],
      uniqueName: (prefix) => `${prefix}-${lastName++}`,
    })
  })
}
