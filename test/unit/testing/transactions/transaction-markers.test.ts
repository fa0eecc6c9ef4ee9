// Guards against transactions that look ended while a partition has no marker: its last stable offset would hang.
import { fail } from '../../../../src/testing/contracts/kafka-failure'
import { codeOf, TransactionDriver } from '../support/transaction-driver'

function openOnTwo(): { driver: TransactionDriver; producer: { producerId: bigint; producerEpoch: number } } {
  const driver = new TransactionDriver()
  const producer = driver.init()
  driver.add(producer)
  driver.add(producer, 2, 'orders', 1)
  return { driver, producer }
}

test('a partition without a leader keeps the transaction prepared until it has one', async () => {
  const { driver, producer } = openOnTwo()
  const orphan = driver.services.partition('orders', 1)
  orphan.setLeader(-1)
  driver.end(producer, true)
  await driver.settle()
  expect(driver.state).toBe('PrepareCommit')
  expect(driver.services.partition('orders', 0).markers).toHaveLength(1)
  expect(codeOf(() => driver.init())).toBe('CONCURRENT_TRANSACTIONS')
  orphan.setLeader(1)
  expect(driver.state).toBe('CompleteCommit')
  expect(driver.services.partition('orders', 0).markers).toHaveLength(1)
  expect(orphan.markers).toHaveLength(1)
  expect(orphan.watchers).toBe(0)
})

test('a leader that is paused gets its marker when it goes on', async () => {
  const { driver, producer } = openOnTwo()
  driver.services.partition('orders', 1).setLeader(2)
  driver.services.brokers.pause(2)
  driver.end(producer, false)
  await driver.settle()
  expect(driver.state).toBe('PrepareAbort')
  driver.services.brokers.resume(2)
  expect(driver.state).toBe('CompleteAbort')
})

test('a marker counts when it is replicated, and is written again to a new leader', async () => {
  const { driver, producer } = openOnTwo()
  const lagging = driver.services.partition('orders', 1)
  lagging.holdReplication()
  driver.end(producer, true)
  await driver.settle()
  expect(lagging.markers).toHaveLength(1)
  expect(driver.state).toBe('PrepareCommit')
  lagging.setLeader(1)
  expect(lagging.markers).toHaveLength(2)
  expect(driver.state).toBe('PrepareCommit')
  lagging.releaseReplication()
  expect(driver.state).toBe('CompleteCommit')
  expect(lagging.watchers).toBe(0)
})

test('a deleted partition needs no marker, whether it goes before or while the marker waits', async () => {
  const { driver, producer } = openOnTwo()
  driver.services.partitions.delete('orders-0')
  const orphan = driver.services.partition('orders', 1)
  orphan.setLeader(-1)
  driver.end(producer, true)
  await driver.settle()
  expect(driver.state).toBe('PrepareCommit')
  orphan.delete()
  expect(driver.state).toBe('CompleteCommit')
})

test('the marker of a partition of __consumer_offsets settles the offsets of the transaction', async () => {
  const driver = new TransactionDriver()
  const producer = driver.init()
  driver.add(producer, 2, '__consumer_offsets', 0)
  driver.end(producer, true)
  expect(driver.services.completedOffsets).toEqual([])
  await driver.settle()
  expect(driver.services.completedOffsets).toEqual([
    { producerId: producer.producerId, partition: 0, committed: true },
  ])
})

test('a new coordinator writes all markers again under its own epoch', async () => {
  const { driver, producer } = openOnTwo()
  driver.services.partition('orders', 1).setLeader(-1)
  driver.end(producer, true)
  await driver.settle()
  driver.services.coordinators.move(-1)
  driver.services.partition('orders', 1).setLeader(0)
  expect(driver.state).toBe('PrepareCommit')
  driver.services.coordinators.move(1)
  expect(driver.state).toBe('CompleteCommit')
  const epochs = driver.services.partition('orders', 0).markers.map((it) => it.coordinatorEpoch)
  expect(epochs).toEqual([0, 2])
})

test('a group that gets another coordinator changes nothing', async () => {
  const { driver, producer } = openOnTwo()
  driver.services.partition('orders', 1).setLeader(-1)
  driver.end(producer, true)
  await driver.settle()
  driver.services.coordinators.move(1, 'group')
  expect(driver.services.partition('orders', 0).markers).toHaveLength(1)
})

test('a coordinator that was paused goes on where it was', async () => {
  const { driver, producer } = openOnTwo()
  driver.services.brokers.pause(0)
  driver.end(producer, true)
  await driver.settle()
  expect(driver.state).toBe('PrepareCommit')
  driver.services.brokers.resume(0)
  expect(driver.state).toBe('CompleteCommit')
})

test('a refusal for a newer epoch stops the markers, as in Kafka, until the coordinator moves', async () => {
  const { driver, producer } = openOnTwo()
  driver.services.partition('orders').failure = fail('TRANSACTION_COORDINATOR_FENCED')
  driver.end(producer, true)
  await driver.settle()
  expect(driver.state).toBe('PrepareCommit')
  driver.services.partition('orders').failure = undefined
  driver.services.partition('orders').tell('append')
  expect(driver.state).toBe('PrepareCommit')
  driver.services.coordinators.move(1)
  expect(driver.state).toBe('CompleteCommit')
})

test('any other refusal is tried again when the partition changes', async () => {
  const { driver, producer } = openOnTwo()
  driver.services.partition('orders').failure = fail('KAFKA_STORAGE_ERROR')
  driver.end(producer, true)
  await driver.settle()
  expect(driver.state).toBe('PrepareCommit')
  driver.services.partition('orders').failure = undefined
  driver.services.partition('orders').tell('log-start')
  expect(driver.state).toBe('CompleteCommit')
})

test('held markers let a test see a transaction hang, until they are released', async () => {
  const { driver, producer } = openOnTwo()
  driver.coordinator.holdMarkers()
  const next = driver.end(producer, true)
  await driver.services.clock.advance(60_000)
  expect(driver.state).toBe('PrepareCommit')
  expect(codeOf(() => driver.add(next))).toBe('CONCURRENT_TRANSACTIONS')
  driver.coordinator.releaseMarkers()
  expect(driver.state).toBe('CompleteCommit')
  driver.add(next)
  driver.end(next, true)
  await driver.settle()
  expect(driver.state).toBe('CompleteCommit')
})

test('closing leaves no timer and no watcher', () => {
  const { driver, producer } = openOnTwo()
  driver.services.partition('orders', 1).setLeader(-1)
  driver.end(producer, true)
  driver.coordinator.releaseMarkers()
  driver.coordinator.close()
  expect(driver.services.clock.pendingTimers).toBe(0)
  expect(driver.services.partition('orders', 1).watchers).toBe(0)
})
