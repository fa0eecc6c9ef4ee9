// Guards against groups and transactions that are looked for at a broker that does not coordinate them.
import { ErrorCode } from '../../../../src/base/error-codes'
import { keyPartition } from '../../../../src/testing/cluster/internal-coordinators'
import { errorCodeOf } from '../../../../src/testing/contracts/kafka-failure'
import type { RequestContext } from '../../../../src/testing/contracts/api-handler'
import { ClusterFixture } from '../support/cluster-fixture'

let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture({ brokers: 3 })
})

afterEach(() => cluster.close())

// What Java gives for Utils.abs("…".hashCode()) % 50.
test.each([
  ['', 0],
  ['a', 47],
  ['group', 47],
  ['polygenelubricants', 0],
  ['transactional-id', 31],
  ['grüße-日本', 25],
])('puts %j on the partition that Java’s hash gives it', (key, partition) => {
  expect(keyPartition(key, 50)).toBe(partition)
})

test('finds the leader of the key’s partition, and knows who is not it', () => {
  const { coordinators, topics } = cluster.services
  const found = coordinators.find('group', 'g')
  expect(found.partition).toBe(keyPartition('g', 4))
  expect(found.brokerId).toBe(topics.partition('__consumer_offsets', found.partition)?.leaderId)
  expect(coordinators.partitionOf('group', 'g')).toBe(found.partition)
  for (const broker of cluster.services.brokers.all) {
    const ask = (): void => coordinators.require({ broker } as RequestContext, 'group', 'g')
    if (broker.id === found.brokerId) ask()
    else expect(ask).toThrow('NOT_COORDINATOR')
  }
})

test('moves to another broker when the leader dies, with a higher epoch, and tells', async () => {
  const { coordinators } = cluster.services
  const moves: unknown[] = []
  const end = coordinators.watch((type, partition) => moves.push([type, partition]))
  const before = coordinators.find('transaction', 'tx')
  const epoch = coordinators.epoch('transaction', 'tx')
  await cluster.kill(before.brokerId)
  const after = coordinators.find('transaction', 'tx')
  expect(after.partition).toBe(before.partition)
  expect(after.brokerId).not.toBe(before.brokerId)
  expect(coordinators.epoch('transaction', 'tx')).toBeGreaterThan(epoch)
  expect(moves).toContainEqual(['transaction', before.partition])
  const seen = moves.length
  end()
  await cluster.kill(after.brokerId)
  expect(moves).toHaveLength(seen)
})

test('is not available while nobody leads, or while there are too few brokers for its topic', async () => {
  const { coordinators, brokers } = cluster.services
  coordinators.find('group', 'g')
  for (const { id } of brokers.all) brokers.stop(id, 'kill')
  await cluster.clock.advance(1001)
  expect(codeOf(() => coordinators.find('group', 'g'))).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE)

  const small = new ClusterFixture({ brokers: 1, configs: { 'offsets.topic.replication.factor': '3' } })
  expect(codeOf(() => small.services.coordinators.find('group', 'g'))).toBe(
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
  )
  small.close()
})

function codeOf(act: () => unknown): number {
  try {
    act()
  } catch (error) {
    return errorCodeOf(error)
  }
  return ErrorCode.NONE
}
