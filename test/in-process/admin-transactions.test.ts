// Guards against transactions that hang unseen, and against an abort that hits a transaction nobody meant.
import { InvalidArgumentError } from '../../src'
import { openAdminCluster, type AdminCluster } from './support/admin-cluster'
import { errorOf, until } from './support/case-runner'

/** A producer with a transaction open in orders-0. */
async function openTransaction(test: AdminCluster, transactionalId = 'mover') {
  const producer = test.kafka.producer({ transactionalId, transactionTimeoutMs: 20_000 })
  const transaction = await producer.beginTransaction()
  await transaction.send('orders', { value: 'v', partition: 0 })
  return { producer, transaction }
}

describe('transactions', () => {
  it('are listed and described while they are open and after', async () => {
    await using test = await openAdminCluster({ brokers: 3 })
    const { producer, transaction } = await openTransaction(test)
    const before = Date.now() + 1000
    const [listed] = await test.admin.listTransactions()
    expect(listed).toMatchObject({ transactionalId: 'mover', state: 'Ongoing' })
    const [described] = await test.admin.describeTransactions(['mover'])
    expect(described).toMatchObject({
      transactionalId: 'mover',
      state: 'Ongoing',
      producerId: listed?.producerId,
      transactionTimeoutMs: 20_000,
      partitions: [{ topic: 'orders', partition: 0 }],
    })
    expect(described?.transactionStartTime).toBeLessThanOrEqual(before)
    await transaction.commit()
    await until(() => test.cluster.transactions()[0]?.state === 'CompleteCommit', 'the commit')
    expect(await test.admin.describeTransactions(['mover'])).toMatchObject([
      { state: 'CompleteCommit', partitions: [] },
    ])
    await producer.close()
  })

  it('are listed by state, producer, time and pattern, as far as brokers know the filter', async () => {
    await using test = await openAdminCluster()
    const { producer, transaction } = await openTransaction(test)
    const ids = async (options: Parameters<typeof test.admin.listTransactions>[0]) =>
      (await test.admin.listTransactions(options)).map(({ transactionalId }) => transactionalId)
    expect(await ids({ states: ['Ongoing'] })).toEqual(['mover'])
    expect(await ids({ states: ['Dead', 'Empty'] })).toEqual([])
    expect(await ids({ producerIds: [123_456n] })).toEqual([])
    expect(await ids({ minDurationMs: 60_000 })).toEqual([])
    expect(await ids({ transactionalIdPattern: 'mov.*' })).toEqual(['mover'])
    expect(await ids({ transactionalIdPattern: 'x.*' })).toEqual([])
    const byBroker = await test.admin.listTransactions({ partial: true })
    expect(byBroker).toMatchObject([{ nodeId: 1, transactions: [{ transactionalId: 'mover' }], error: null }])
    await transaction.abort()
    await producer.close()
    await using old = await openAdminCluster({ version: '3.7' })
    expect(await errorOf(old.admin.listTransactions({ minDurationMs: 1 }))).toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
    expect(await errorOf(old.admin.listTransactions({ transactionalIdPattern: 'x' }))).toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
    expect(await old.admin.listTransactions()).toEqual([])
  })

  it('are asked of each coordinator, and one that is unknown fails by itself', async () => {
    await using test = await openAdminCluster({ brokers: 3 })
    const { producer, transaction } = await openTransaction(test)
    const results = await test.admin.describeTransactions(['nobody', 'mover'], { partial: true })
    expect(results).toMatchObject([
      { transactionalId: 'nobody', error: { code: 'TRANSACTIONAL_ID_NOT_FOUND' } },
      { transactionalId: 'mover', state: 'Ongoing', error: null },
    ])
    await transaction.abort()
    await producer.close()
  })

  it('of fenced producers are aborted, and those producers can not go on', async () => {
    await using test = await openAdminCluster()
    const { producer, transaction } = await openTransaction(test)
    const [before] = await test.admin.describeTransactions(['mover'])
    const [fenced] = await test.admin.fenceProducers(['mover'])
    expect(fenced).toMatchObject({ transactionalId: 'mover', producerId: before?.producerId })
    expect(fenced?.producerEpoch).toBeGreaterThan(before?.producerEpoch ?? 0)
    expect(test.cluster.transactions()[0]?.state).not.toBe('Ongoing')
    expect(await errorOf(transaction.commit())).toBeInstanceOf(Error)
    await producer.close()
  })
})

describe('producers of partitions', () => {
  it('are described with their open transactions, each partition that fails by itself', async () => {
    await using test = await openAdminCluster()
    const { producer, transaction } = await openTransaction(test)
    const partitions = [
      { topic: 'orders', partition: 0 },
      { topic: 'orders', partition: 1 },
      { topic: 'orders', partition: 9 },
    ]
    const results = await test.admin.describeProducers(partitions, { partial: true, timeoutMs: 400 })
    const [described] = await test.admin.describeTransactions(['mover'])
    expect(results).toMatchObject([
      {
        producers: [
          { producerId: described?.producerId, lastSequence: 0, currentTransactionStartOffset: 0n },
        ],
        error: null,
      },
      { producers: [], error: null },
      { partition: 9, error: { code: 'TIMEOUT', cause: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } } },
    ])
    expect(
      await test.admin.describeProducers([{ topic: 'orders', partition: 0 }], { nodeId: 1 }),
    ).toHaveLength(1)
    await transaction.abort()
    await producer.close()
  })

  it('may leave a transaction hanging, which is aborted once and not again when the answer is lost', async () => {
    await using test = await openAdminCluster()
    const { producer } = await openTransaction(test)
    const hanging = async () => {
      const [found] = await test.admin.describeProducers([{ topic: 'orders', partition: 0 }])
      return found?.producers.find(
        ({ currentTransactionStartOffset }) => currentTransactionStartOffset !== null,
      )
    }
    const found = await hanging()
    if (found === undefined) throw new Error('no transaction is open')
    const { producerId, producerEpoch, coordinatorEpoch } = found
    const transaction = { topic: 'orders', partition: 0, producerId, producerEpoch, coordinatorEpoch }
    test.cluster.faults.closeAfter('WriteTxnMarkers', { times: 1 })
    const sent = test.count('WriteTxnMarkers')
    expect(await errorOf(test.admin.abortTransaction(transaction))).toMatchObject({ name: 'ConnectionError' })
    expect(test.count('WriteTxnMarkers') - sent).toBe(1)
    expect(await hanging()).toBeUndefined()
    expect(test.cluster.records('orders', 0)).toHaveLength(2)
    // Stale coordinates are refused: nothing else is hit.
    const stale = { ...transaction, producerEpoch: 0, producerId: 999n, partition: 7 }
    expect(await errorOf(test.admin.abortTransaction(stale, { timeoutMs: 200 }))).toBeInstanceOf(Error)
    await producer.close()
  })

  it('with wrong arguments are refused before anything is sent', async () => {
    await using test = await openAdminCluster()
    const wrong = { topic: '', partition: -1, producerId: -1n, producerEpoch: 1.5 }
    const error = await errorOf(test.admin.abortTransaction(wrong))
    if (!(error instanceof InvalidArgumentError)) throw error
    for (const field of ['topic', 'partition', 'producerId', 'producerEpoch']) {
      expect(error.message).toContain(`transaction.${field}`)
    }
    expect(await errorOf(test.admin.fenceProducers(['']))).toBeInstanceOf(InvalidArgumentError)
    expect(await errorOf(test.admin.describeTransactions(['a', 'a']))).toBeInstanceOf(InvalidArgumentError)
    expect(test.count('WriteTxnMarkers') + test.count('InitProducerId')).toBe(0)
  })
})
