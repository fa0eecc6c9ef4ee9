// Guards against replicas of a partition on one broker or one rack, and leaders that all sit on one broker.
import type { BrokerNode } from '../../../../src/testing/contracts/brokers'
import { placeReplicas } from '../../../../src/testing/cluster/replica-placement'
import { errorMessageOf } from '../../../../src/testing/contracts/kafka-failure'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'

function broker(id: number, rack: string | null = null, isFenced = false): BrokerNode {
  return { id, rack, isFenced, host: 'localhost', port: 1, state: 'running', epoch: 1n }
}

function place(
  brokers: readonly BrokerNode[],
  partitions: number,
  replicationFactor: number,
  seed = 1,
): number[][] {
  return placeReplicas({ brokers, partitions, replicationFactor, random: seededRandom(seed) })
}

test.each([1, 2, 3, 4, 5])('spreads leaders and replicas evenly over the brokers, seed %i', (seed) => {
  const brokers = [1, 2, 3, 4, 5].map((id) => broker(id))
  const placements = place(brokers, 50, 3, seed)
  for (const replicas of placements) expect(new Set(replicas).size).toBe(3)
  for (const { id } of brokers) {
    expect(placements.filter(([leader]) => leader === id)).toHaveLength(10)
    expect(placements.flat().filter((one) => one === id)).toHaveLength(30)
  }
})

test.each([1, 2, 3, 4, 5])('gives each rack a replica before any gets a second, seed %i', (seed) => {
  const rackOf = new Map([1, 2, 3, 4, 5, 6].map((id) => [id, `r${id % 3}`]))
  const brokers = [...rackOf].map(([id, rack]) => broker(id, rack))
  for (const replicas of place(brokers, 30, 3, seed)) {
    expect(new Set(replicas.map((id) => rackOf.get(id))).size).toBe(3)
  }
  for (const replicas of place(brokers, 30, 4, seed)) {
    expect(new Set(replicas).size).toBe(4)
    expect(new Set(replicas.map((id) => rackOf.get(id))).size).toBe(3)
  }
})

test('lets all racks lead when one is smaller than the others', () => {
  const brokers = [broker(1, 'a'), broker(2, 'a'), broker(3, 'b')]
  const placements = place(brokers, 12, 2)
  for (const replicas of placements) expect(replicas).toContain(3)
})

test('never lets a fenced broker lead, and takes it only when the others do not suffice', () => {
  const brokers = [broker(1), broker(2, null, true), broker(3)]
  for (const replicas of place(brokers, 12, 2)) expect([...replicas].sort()).toEqual([1, 3])
  for (const replicas of place(brokers, 12, 3)) {
    expect([...replicas].sort()).toEqual([1, 2, 3])
    expect(replicas[0]).not.toBe(2)
  }
})

test('refuses more replicas than there are brokers, and to place anything while all are fenced', () => {
  const words = (brokers: readonly BrokerNode[], replicationFactor: number): string | null => {
    try {
      place(brokers, 1, replicationFactor)
    } catch (error) {
      return errorMessageOf(error)
    }
    return null
  }
  expect(words([broker(1)], 3)).toBe(
    'Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.',
  )
  expect(words([broker(1, null, true)], 1)).toBe(
    'Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have all their log directories cordoned.',
  )
})
