// Guards against a coordinator that is kinder than Kafka's: fencing, epochs and states decide about exactly-once.
import { codeOf, TransactionDriver } from '../support/transaction-driver'

describe('InitProducerId with a transactional id', () => {
  test('gives epoch 0 first, and fences by the next epoch', () => {
    const driver = new TransactionDriver()
    const first = driver.init()
    const second = driver.init()
    expect(first.producerEpoch).toBe(0)
    expect(second).toEqual({ producerId: first.producerId, producerEpoch: 1 })
    expect(codeOf(() => driver.add(first))).toBe('PRODUCER_FENCED')
  })

  test('refuses a timeout above the limit of the broker, and one that is not positive', () => {
    const driver = new TransactionDriver()
    expect(codeOf(() => driver.init(undefined, 900_001))).toBe('INVALID_TRANSACTION_TIMEOUT')
    expect(codeOf(() => driver.init(undefined, 0))).toBe('INVALID_TRANSACTION_TIMEOUT')
    expect(codeOf(() => driver.init(undefined, 900_000))).toBe('NONE')
  })

  test('goes on from the epoch that the producer names, and answers a repeated call the same', () => {
    const driver = new TransactionDriver()
    const first = driver.init()
    const bumped = driver.init(first)
    expect(bumped.producerEpoch).toBe(1)
    expect(driver.init(first)).toEqual(bumped)
    driver.init()
    expect(codeOf(() => driver.init(first))).toBe('PRODUCER_FENCED')
    expect(codeOf(() => driver.init({ producerId: 999n, producerEpoch: 0 }))).toBe('PRODUCER_FENCED')
  })

  test('aborts an open transaction first and says CONCURRENT_TRANSACTIONS until that is done', async () => {
    const driver = new TransactionDriver()
    const zombie = driver.init()
    driver.add(zombie)
    expect(codeOf(() => driver.init())).toBe('CONCURRENT_TRANSACTIONS')
    expect(driver.state).toBe('PrepareAbort')
    expect(codeOf(() => driver.init())).toBe('CONCURRENT_TRANSACTIONS')
    await driver.settle()
    expect(driver.state).toBe('CompleteAbort')
    const { markers } = driver.services.partition('orders')
    expect(markers).toMatchObject([{ producerEpoch: 1, committed: false, transactionVersion: 2 }])
    expect(driver.init()).toEqual({ producerId: zombie.producerId, producerEpoch: 2 })
    expect(codeOf(() => driver.end(zombie, true))).toBe('PRODUCER_FENCED')
  })

  test('bumps the epoch once by fencing while transaction.version is below 2', async () => {
    const driver = new TransactionDriver()
    driver.services.features.set('transaction.version', { supportedMin: 0, supportedMax: 2, finalized: 1 })
    const zombie = driver.init()
    driver.add(zombie, 1)
    expect(codeOf(() => driver.init())).toBe('CONCURRENT_TRANSACTIONS')
    await driver.settle()
    expect(driver.services.partition('orders').markers).toMatchObject([
      { producerEpoch: 1, transactionVersion: 1 },
    ])
    expect(driver.init().producerEpoch).toBe(2)
  })

  test('gives a new producer id when the epochs are used up, and tells a repeated call the same', async () => {
    const driver = new TransactionDriver()
    const last = await driver.exhaust()
    const fresh = driver.init(last)
    expect(fresh.producerId).not.toBe(last.producerId)
    expect(fresh.producerEpoch).toBe(0)
    expect(driver.init(last)).toEqual(fresh)
  })
})

describe('a transaction before KIP-890', () => {
  test('keeps the epoch over its end, and answers a repeated end with success', async () => {
    const driver = new TransactionDriver()
    const producer = driver.init()
    driver.add(producer, 1)
    expect(driver.state).toBe('Ongoing')
    expect(driver.end(producer, true, 1)).toEqual(producer)
    expect(driver.state).toBe('PrepareCommit')
    expect(codeOf(() => driver.end(producer, true, 1))).toBe('CONCURRENT_TRANSACTIONS')
    expect(codeOf(() => driver.add(producer, 1))).toBe('CONCURRENT_TRANSACTIONS')
    await driver.settle()
    expect(driver.state).toBe('CompleteCommit')
    expect(driver.end(producer, true, 1)).toEqual(producer)
    expect(codeOf(() => driver.end(producer, false, 1))).toBe('INVALID_TXN_STATE')
    expect(driver.services.partition('orders').markers).toEqual([
      {
        producerId: producer.producerId,
        producerEpoch: 0,
        committed: true,
        coordinatorEpoch: 0,
        transactionVersion: 1,
      },
    ])
  })

  test('refuses to end what was not begun, and who is not known', () => {
    const driver = new TransactionDriver()
    expect(codeOf(() => driver.end({ producerId: 0n, producerEpoch: 0 }, true, 1))).toBe(
      'INVALID_PRODUCER_ID_MAPPING',
    )
    const producer = driver.init()
    expect(codeOf(() => driver.end(producer, true, 1))).toBe('INVALID_TXN_STATE')
    expect(codeOf(() => driver.end(producer, false, 1))).toBe('INVALID_TXN_STATE')
    expect(codeOf(() => driver.end({ ...producer, producerEpoch: 5 }, true, 1))).toBe('PRODUCER_FENCED')
    expect(codeOf(() => driver.end({ ...producer, producerId: 77n }, true, 1))).toBe(
      'INVALID_PRODUCER_ID_MAPPING',
    )
  })
})

describe('a transaction with KIP-890', () => {
  test('bumps the epoch at its end, and answers a repeated end with what the first answered', async () => {
    const driver = new TransactionDriver()
    const producer = driver.init()
    driver.add(producer)
    const next = driver.end(producer, true)
    expect(next).toEqual({ producerId: producer.producerId, producerEpoch: 1 })
    expect(codeOf(() => driver.end(producer, true))).toBe('CONCURRENT_TRANSACTIONS')
    await driver.settle()
    expect(driver.end(producer, true)).toEqual(next)
    expect(codeOf(() => driver.end(producer, false))).toBe('INVALID_TXN_STATE')
    expect(driver.services.partition('orders').markers).toMatchObject([{ producerEpoch: 1, committed: true }])
    expect(codeOf(() => driver.add(producer))).toBe('PRODUCER_FENCED')
    expect(codeOf(() => driver.add(next))).toBe('NONE')
  })

  test('may be aborted though nothing was added, and not be committed', async () => {
    const driver = new TransactionDriver()
    const producer = driver.init()
    expect(codeOf(() => driver.end(producer, true))).toBe('INVALID_TXN_STATE')
    const next = driver.end(producer, false)
    expect(next.producerEpoch).toBe(1)
    await driver.settle()
    expect(driver.state).toBe('CompleteAbort')
    expect(driver.end(next, false).producerEpoch).toBe(2)
  })

  test('refuses a commit at the current epoch after a commit: nothing was begun since', async () => {
    const driver = new TransactionDriver()
    const producer = driver.init()
    driver.add(producer)
    const next = driver.end(producer, true)
    await driver.settle()
    expect(codeOf(() => driver.end(next, true))).toBe('INVALID_TXN_STATE')
    expect(codeOf(() => driver.end({ ...next, producerEpoch: 2 }, true))).toBe('PRODUCER_FENCED')
  })

  test('moves to a new producer id with the last epoch, also when the end is asked for again', async () => {
    const driver = new TransactionDriver()
    const last = await driver.exhaust()
    driver.add(last)
    const next = driver.end(last, true)
    expect(next.producerEpoch).toBe(0)
    expect(next.producerId).not.toBe(last.producerId)
    await driver.settle()
    expect(driver.services.partition('orders').markers).toMatchObject([
      { producerId: last.producerId, producerEpoch: 32767 },
    ])
    expect(driver.end(last, true)).toEqual(next)
    expect(codeOf(() => driver.add(next))).toBe('NONE')
  })
})

test('no epoch goes beyond what fits, whoever invents one', async () => {
  const driver = new TransactionDriver()
  driver.services.features.set('transaction.version', { supportedMin: 0, supportedMax: 2, finalized: 0 })
  const last = await driver.exhaust()
  driver.add(last, 1)
  expect(codeOf(() => driver.init())).toBe('CONCURRENT_TRANSACTIONS')
  await driver.settle()
  // Nobody was given the epoch that fenced the producer, but it can be guessed.
  driver.end({ producerId: last.producerId, producerEpoch: 32767 }, false)
  expect(driver.coordinator.get('payments')?.facts.producerEpoch).toBe(32767)
})

describe('timeouts', () => {
  test('abort what is open too long at the next check, and fence its producer', async () => {
    const driver = new TransactionDriver()
    const producer = driver.init(undefined, 1_000)
    driver.add(producer)
    await driver.services.clock.advance(9_999)
    expect(driver.state).toBe('Ongoing')
    await driver.services.clock.advance(1)
    expect(driver.state).toBe('CompleteAbort')
    expect(codeOf(() => driver.add(producer))).toBe('PRODUCER_FENCED')
    // Kafka takes its end for the repeated end of what was aborted.
    expect(codeOf(() => driver.end(producer, true))).toBe('INVALID_TXN_STATE')
    expect(driver.end(producer, false).producerEpoch).toBe(1)
    expect(driver.services.clock.pendingTimers).toBe(0)
  })

  test('leave transactions alone whose time is not over, and look again later', async () => {
    const driver = new TransactionDriver()
    const producer = driver.init(undefined, 15_000)
    driver.add(producer)
    await driver.services.clock.advance(15_000)
    expect(driver.state).toBe('Ongoing')
    await driver.services.clock.advance(5_000)
    expect(driver.state).toBe('CompleteAbort')
  })

  test('keep no timer while no transaction is open', async () => {
    const driver = new TransactionDriver()
    const producer = driver.init()
    expect(driver.services.clock.pendingTimers).toBe(0)
    driver.add(producer)
    driver.end(producer, true)
    await driver.services.clock.advance(10_000)
    expect(driver.services.clock.pendingTimers).toBe(0)
  })

  test('wait for a coordinator that is away', async () => {
    const driver = new TransactionDriver()
    driver.add(driver.init(undefined, 1_000))
    driver.services.coordinators.move(-1)
    await driver.services.clock.advance(10_000)
    expect(driver.state).toBe('Ongoing')
    driver.services.coordinators.move(1)
    await driver.services.clock.advance(10_000)
    expect(driver.state).toBe('CompleteAbort')
  })

  test('forget a transactional id that rested for transactional.id.expiration.ms', async () => {
    const driver = new TransactionDriver()
    const producer = driver.init()
    await driver.services.clock.advance(604_800_000 - 3_600_000)
    expect(driver.state).toBe('Empty')
    await driver.services.clock.advance(2 * 3_600_000)
    expect(driver.state).toBeUndefined()
    expect(codeOf(() => driver.add(producer))).toBe('INVALID_PRODUCER_ID_MAPPING')
  })
})

test('producer ids are given once each, in order', () => {
  const { coordinator } = new TransactionDriver()
  expect([coordinator.newProducerId(), coordinator.newProducerId()]).toEqual([0n, 1n])
})

test('inspection tells each transaction with its partitions', () => {
  const driver = new TransactionDriver()
  const producer = driver.init()
  driver.add(producer)
  driver.add(producer, 2, 'orders', 1)
  expect(driver.coordinator.inspect()).toEqual([
    {
      transactionalId: 'payments',
      state: 'Ongoing',
      ...producer,
      timeoutMs: 60_000,
      startTimestamp: driver.services.clock.wallTime(),
      partitions: [
        { topic: 'orders', partition: 0 },
        { topic: 'orders', partition: 1 },
      ],
    },
  ])
})
