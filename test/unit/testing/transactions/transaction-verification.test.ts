// Guards against batches that a log takes into a transaction the coordinator knows nothing of (KIP-890).
import { codeOf, TransactionDriver } from '../support/transaction-driver'

const orders = { topic: 'orders', index: 0 }

test('a partition that was not added is refused by the code that the client knows', () => {
  const driver = new TransactionDriver()
  const producer = driver.init()
  driver.add(producer, 1, 'orders', 1)
  const verify = (knows: boolean) => () =>
    driver.coordinator.verifyPartition('payments', producer, orders, false, knows)
  expect(codeOf(verify(false))).toBe('INVALID_TXN_STATE')
  expect(codeOf(verify(true))).toBe('TRANSACTION_ABORTABLE')
  driver.add(producer, 1)
  expect(codeOf(verify(false))).toBe('NONE')
})

test('nothing is verified when transaction.partition.verification.enable is false', () => {
  const driver = new TransactionDriver()
  driver.services.settings.set('transaction.partition.verification.enable', 'false')
  const producer = driver.init()
  expect(codeOf(() => driver.coordinator.verifyPartition('payments', producer, orders, false))).toBe('NONE')
})

test('Kafka before 3.6 verified nothing', () => {
  const driver = new TransactionDriver()
  driver.services.release.name = '3.5'
  const producer = driver.init()
  expect(codeOf(() => driver.coordinator.verifyPartition('payments', producer, orders, false))).toBe('NONE')
})

test('newer clients add a partition by producing to it, and offsets by committing them', () => {
  const driver = new TransactionDriver()
  const producer = driver.init()
  driver.coordinator.verifyPartition('payments', producer, orders, true)
  driver.coordinator.verifyOffsets('payments', producer, 'billing', true)
  expect(driver.coordinator.inspect()[0]?.partitions).toEqual([
    { topic: 'orders', partition: 0 },
    { topic: '__consumer_offsets', partition: 0 },
  ])
})

test('a fenced producer is told INVALID_PRODUCER_EPOCH, and an unknown one its mapping', () => {
  const driver = new TransactionDriver()
  const zombie = driver.init()
  driver.init()
  const { coordinator } = driver
  expect(codeOf(() => coordinator.verifyPartition('payments', zombie, orders, true))).toBe(
    'INVALID_PRODUCER_EPOCH',
  )
  expect(codeOf(() => coordinator.verifyOffsets('payments', zombie, 'billing', true))).toBe(
    'INVALID_PRODUCER_EPOCH',
  )
  expect(codeOf(() => coordinator.verifyPartition('nobody', zombie, orders, true))).toBe(
    'INVALID_PRODUCER_ID_MAPPING',
  )
})

test('while the last transaction ends, newer clients are told so, and older ones to try again', () => {
  const driver = new TransactionDriver()
  const producer = driver.init()
  driver.add(producer)
  const next = driver.end(producer, true, 1)
  const verify = (mayAdd: boolean) => () =>
    driver.coordinator.verifyPartition('payments', next, { topic: 'orders', index: 1 }, mayAdd)
  expect(codeOf(verify(true))).toBe('CONCURRENT_TRANSACTIONS')
  expect(codeOf(verify(false))).toBe('NOT_ENOUGH_REPLICAS')
})

test('a coordinator that is away is NOT_ENOUGH_REPLICAS for Produce, which all clients retry', () => {
  const driver = new TransactionDriver()
  const producer = driver.init()
  driver.services.coordinators.move(-1)
  const { coordinator } = driver
  expect(codeOf(() => coordinator.verifyPartition('payments', producer, orders, true))).toBe(
    'NOT_ENOUGH_REPLICAS',
  )
  expect(codeOf(() => coordinator.verifyOffsets('payments', producer, 'billing', true))).toBe(
    'COORDINATOR_NOT_AVAILABLE',
  )
})

test('who begins the next transaction by producing may wait for the end of the last one', async () => {
  const driver = new TransactionDriver()
  const producer = driver.init()
  expect(driver.coordinator.whenEnded('payments')).toBeUndefined()
  driver.add(producer)
  driver.end(producer, true)
  let isOver = false
  void driver.coordinator.whenEnded('payments')?.then(() => (isOver = true))
  await driver.settle()
  expect(driver.state).toBe('CompleteCommit')
  expect(isOver).toBe(true)
})

test('such waiting ends after a while, though the end does not', async () => {
  const driver = new TransactionDriver()
  const producer = driver.init()
  driver.add(producer)
  driver.coordinator.holdMarkers()
  driver.end(producer, true)
  let isOver = false
  void driver.coordinator.whenEnded('payments')?.then(() => (isOver = true))
  await driver.services.clock.advance(99)
  expect(isOver).toBe(false)
  await driver.services.clock.advance(1)
  expect(isOver).toBe(true)
  expect(driver.state).toBe('PrepareCommit')
})
