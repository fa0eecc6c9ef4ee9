// Guards the order of ordinary and transactional commits, and what becomes of offsets with their topic, group and
// transaction: exactly-once stands and falls with it.
import type { CommittedOffset } from '../../../../src/testing/contracts/group'
import { FakeGroupCluster } from '../support/fake-group-cluster'

let cluster: FakeGroupCluster

beforeEach(() => {
  cluster = new FakeGroupCluster()
})

afterEach(() => cluster.close())

const at = (offset: bigint): CommittedOffset => ({
  offset,
  leaderEpoch: -1,
  metadata: '',
  committedAt: 0,
  topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
})
const offsets = () => cluster.services.offsets
const committed = (group = 'g') => offsets().get(group, 't', 0)?.offset
const partitionOf = (group: string) => cluster.partitionOf(group)

test('Pending offsets are not seen until their transaction is committed', () => {
  offsets().putPending(7n, 'g', 't', 0, at(5n))
  expect(committed()).toBeUndefined()
  expect(offsets().hasPending('g', 't', 0)).toBe(true)
  expect(offsets().hasPendingInGroup('g')).toBe(true)
  offsets().completeTransaction(7n, partitionOf('g'), true)
  expect(committed()).toBe(5n)
  expect(offsets().hasPending('g', 't', 0)).toBe(false)
})

test('Pending offsets of an aborted transaction are gone', () => {
  offsets().put('g', 't', 0, at(1n))
  offsets().putPending(7n, 'g', 't', 0, at(5n))
  offsets().completeTransaction(7n, partitionOf('g'), false)
  expect(committed()).toBe(1n)
  expect(offsets().hasPendingInGroup('g')).toBe(false)
})

test('An ordinary commit after the transactional one stays when the marker comes', () => {
  offsets().putPending(7n, 'g', 't', 0, at(5n))
  offsets().put('g', 't', 0, at(9n))
  offsets().completeTransaction(7n, partitionOf('g'), true)
  expect(committed()).toBe(9n)
})

test('Of two transactions the one that wrote later wins, whichever ends first', () => {
  offsets().putPending(7n, 'g', 't', 0, at(5n))
  offsets().putPending(8n, 'g', 't', 0, at(6n))
  offsets().completeTransaction(8n, partitionOf('g'), true)
  expect(offsets().hasPending('g', 't', 0)).toBe(true)
  offsets().completeTransaction(7n, partitionOf('g'), true)
  expect(committed()).toBe(6n)
})

test('A marker ends the transaction for the groups of its partition alone', () => {
  expect(partitionOf('g')).not.toBe(partitionOf('gg'))
  offsets().putPending(7n, 'g', 't', 0, at(5n))
  offsets().putPending(7n, 'gg', 't', 0, at(6n))
  offsets().completeTransaction(7n, partitionOf('gg'), true)
  expect(committed('gg')).toBe(6n)
  expect(committed('g')).toBeUndefined()
  expect(offsets().hasPending('g', 't', 0)).toBe(true)
})

test('A deleted offset does not come back with a transaction that had it', () => {
  offsets().putPending(7n, 'g', 't', 0, at(5n))
  offsets().putPending(7n, 'g', 't', 1, at(6n))
  offsets().delete('g', 't', 0)
  offsets().completeTransaction(7n, partitionOf('g'), true)
  expect([...offsets().list('g')].map(([topic, partitions]) => [topic, [...partitions.keys()]])).toEqual([
    ['t', [1]],
  ])
})

test('The offsets of a deleted topic go with it, pending ones too', () => {
  cluster.addTopic('t')
  offsets().put('g', 't', 0, at(1n))
  offsets().put('g', 'other', 0, at(1n))
  offsets().putPending(7n, 'g', 't', 1, at(5n))
  cluster.deleteTopic('t')
  expect([...offsets().list('g').keys()]).toEqual(['other'])
  expect(offsets().hasPendingInGroup('g')).toBe(false)
})

test('The offsets of a deleted group go with it, pending ones too', () => {
  offsets().put('g', 't', 0, at(1n))
  offsets().putPending(7n, 'g', 't', 1, at(5n))
  offsets().deleteGroup('g')
  offsets().completeTransaction(7n, partitionOf('g'), true)
  expect(offsets().list('g').size).toBe(0)
})
