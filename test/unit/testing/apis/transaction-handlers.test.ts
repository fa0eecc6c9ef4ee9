// Guards against codes that a client's version does not know, and against transactions for those who may not have them.
import { ErrorCode } from '../../../../src/base/error-codes'
import { addOffsetsToTxnHandler } from '../../../../src/testing/apis/add-offsets-to-txn'
import { addPartitionsToTxnHandler } from '../../../../src/testing/apis/add-partitions-to-txn'
import { describeTransactionsHandler } from '../../../../src/testing/apis/describe-transactions'
import { endTxnHandler } from '../../../../src/testing/apis/end-txn'
import { initProducerIdHandler } from '../../../../src/testing/apis/init-producer-id'
import { listTransactionsHandler } from '../../../../src/testing/apis/list-transactions'
import { writeTxnMarkersHandler } from '../../../../src/testing/apis/write-txn-markers'
import { answer } from '../support/answer'
import { fakeContext } from '../support/fake-transaction-services'
import { TransactionDriver } from '../support/transaction-driver'

const transactionalId = 'payments'

function initRequest(changes: object = {}) {
  return {
    transactionalId: transactionalId as string | null,
    transactionTimeoutMs: 60_000,
    producerId: -1n,
    producerEpoch: -1,
    enable2Pc: false,
    keepPreparedTxn: false,
    ...changes,
  }
}

describe('InitProducerId', () => {
  test('gives a new id to each idempotent producer, in all versions', async () => {
    const driver = new TransactionDriver()
    const handler = initProducerIdHandler(driver.services, driver.coordinator)
    for (let apiVersion = 0; apiVersion <= 5; apiVersion++) {
      const response = await answer(
        handler,
        initRequest({ transactionalId: null }),
        fakeContext({ apiVersion }),
      )
      expect(response).toEqual({
        throttleTimeMs: 0,
        errorCode: 0,
        producerId: BigInt(apiVersion),
        producerEpoch: 0,
      })
    }
  })

  test('refuses an idempotent producer that may write nowhere', async () => {
    const driver = new TransactionDriver()
    driver.services.forbidden.add('IdempotentWrite Cluster kafka-cluster')
    const handler = initProducerIdHandler(driver.services, driver.coordinator)
    const request = initRequest({ transactionalId: null })
    expect((await answer(handler, request, fakeContext())).errorCode).toBe(ErrorCode.NONE)
    driver.services.forbidden.add('Write Topic *')
    const refused = await answer(handler, request, fakeContext())
    expect(refused).toEqual({
      throttleTimeMs: 0,
      errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
      producerEpoch: -1,
    })
  })

  test('says PRODUCER_FENCED from version 4 on, and INVALID_PRODUCER_EPOCH before', async () => {
    const driver = new TransactionDriver()
    driver.init()
    const handler = initProducerIdHandler(driver.services, driver.coordinator)
    const request = initRequest({ producerId: 99n, producerEpoch: 0 })
    const v3 = await answer(handler, request, fakeContext({ apiVersion: 3 }))
    const v4 = await answer(handler, request, fakeContext({ apiVersion: 4 }))
    expect(v3.errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH)
    expect(v4.errorCode).toBe(ErrorCode.PRODUCER_FENCED)
  })

  test('refuses an id without an epoch, a stranger, and a broker that does not coordinate', async () => {
    const driver = new TransactionDriver()
    const handler = initProducerIdHandler(driver.services, driver.coordinator)
    const half = await answer(handler, initRequest({ producerId: 1n }), fakeContext({ apiVersion: 4 }))
    expect(half.errorCode).toBe(ErrorCode.INVALID_REQUEST)
    const empty = await answer(handler, initRequest({ transactionalId: '' }), fakeContext())
    expect(empty.errorCode).toBe(ErrorCode.INVALID_REQUEST)
    driver.services.coordinators.move(1)
    const elsewhere = await answer(handler, initRequest(), fakeContext())
    expect(elsewhere.errorCode).toBe(ErrorCode.NOT_COORDINATOR)
    driver.services.forbidden.add('Write TransactionalId payments')
    const stranger = await answer(handler, initRequest(), fakeContext())
    expect(stranger.errorCode).toBe(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
  })
})

describe('AddPartitionsToTxn', () => {
  const request = (producer: { producerId: bigint; producerEpoch: number }, topics: object[]) => ({
    transactions: [],
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producer.producerId,
    v3AndBelowProducerEpoch: producer.producerEpoch,
    v3AndBelowTopics: topics as { name: string; partitions: number[] }[],
  })
  const codes = (response: {
    resultsByTopicV3AndBelow?: readonly {
      resultsByPartition: readonly { partitionErrorCode: number }[]
    }[]
  }) =>
    (response.resultsByTopicV3AndBelow ?? []).map((it) =>
      it.resultsByPartition.map((partition) => partition.partitionErrorCode),
    )

  test('adds all partitions or none: those that could be are OPERATION_NOT_ATTEMPTED', async () => {
    const driver = new TransactionDriver()
    const producer = driver.init()
    driver.services.forbidden.add('Write Topic secrets')
    const handler = addPartitionsToTxnHandler(driver.services, driver.coordinator)
    const topics = [
      { name: 'orders', partitions: [0, 9] },
      { name: 'secrets', partitions: [0] },
    ]
    const refused = await answer(handler, request(producer, topics), fakeContext({ apiVersion: 3 }))
    expect(codes(refused)).toEqual([
      [ErrorCode.OPERATION_NOT_ATTEMPTED, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      [ErrorCode.TOPIC_AUTHORIZATION_FAILED],
    ])
    expect(driver.state).toBe('Empty')
    const added = await answer(
      handler,
      request(producer, [{ name: 'orders', partitions: [0, 1] }]),
      fakeContext(),
    )
    expect(codes(added)).toEqual([[0, 0]])
    expect(driver.state).toBe('Ongoing')
  })

  test('says PRODUCER_FENCED from version 2 on, and INVALID_PRODUCER_EPOCH before', async () => {
    const driver = new TransactionDriver()
    const zombie = driver.init()
    driver.init()
    const handler = addPartitionsToTxnHandler(driver.services, driver.coordinator)
    const orders = request(zombie, [{ name: 'orders', partitions: [0] }])
    expect(codes(await answer(handler, orders, fakeContext({ apiVersion: 1 })))).toEqual([
      [ErrorCode.INVALID_PRODUCER_EPOCH],
    ])
    expect(codes(await answer(handler, orders, fakeContext({ apiVersion: 2 })))).toEqual([
      [ErrorCode.PRODUCER_FENCED],
    ])
  })

  test('is for brokers from version 4 on: many transactions, some of them only asked about', async () => {
    const driver = new TransactionDriver()
    const producer = driver.init()
    const handler = addPartitionsToTxnHandler(driver.services, driver.coordinator)
    const ask = (verifyOnly: boolean) => ({
      ...request(producer, []),
      transactions: [
        { transactionalId, ...producer, verifyOnly, topics: [{ name: 'orders', partitions: [0] }] },
      ],
    })
    const asked = await answer(handler, ask(true), fakeContext({ apiVersion: 4 }))
    expect(asked).toMatchObject({
      resultsByTransaction: [
        {
          topicResults: [{ resultsByPartition: [{ partitionErrorCode: ErrorCode.TRANSACTION_ABORTABLE }] }],
        },
      ],
    })
    await answer(handler, ask(false), fakeContext({ apiVersion: 5 }))
    expect(driver.state).toBe('Ongoing')
    driver.services.forbidden.add('ClusterAction Cluster kafka-cluster')
    const refused = await answer(handler, ask(true), fakeContext({ apiVersion: 5 }))
    expect(refused.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
  })
})

test('AddOffsetsToTxn adds the partition of the group, for those who may read the group', async () => {
  const driver = new TransactionDriver()
  const producer = driver.init()
  const handler = addOffsetsToTxnHandler(driver.services, driver.coordinator)
  const request = { transactionalId, ...producer, groupId: 'billing' }
  expect((await answer(handler, request, fakeContext({ apiVersion: 4 }))).errorCode).toBe(0)
  expect(driver.coordinator.inspect()[0]?.partitions).toEqual([{ topic: '__consumer_offsets', partition: 0 }])
  driver.services.forbidden.add('Read Group billing')
  expect((await answer(handler, request, fakeContext())).errorCode).toBe(ErrorCode.GROUP_AUTHORIZATION_FAILED)
})

test('EndTxn keeps the epoch before version 5 and bumps it from then on', async () => {
  const driver = new TransactionDriver()
  const handler = endTxnHandler(driver.services, driver.coordinator)
  const producer = driver.init()
  driver.add(producer, 1)
  const request = { transactionalId, ...producer, committed: true }
  expect((await answer(handler, request, fakeContext({ apiVersion: 4 }))).producerEpoch).toBe(0)
  await driver.settle()
  driver.add(producer)
  expect(await answer(handler, request, fakeContext({ apiVersion: 5 }))).toEqual({
    throttleTimeMs: 0,
    errorCode: 0,
    producerId: producer.producerId,
    producerEpoch: 1,
  })
  await driver.settle()
  const fenced = { ...request, producerEpoch: 7 }
  const v1 = await answer(handler, fenced, fakeContext({ apiVersion: 1 }))
  expect(v1.errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH)
  expect((await answer(handler, fenced, fakeContext({ apiVersion: 2 }))).errorCode).toBe(
    ErrorCode.PRODUCER_FENCED,
  )
})

test('WriteTxnMarkers ends a hanging transaction at the leader, for those who may alter the cluster', async () => {
  const driver = new TransactionDriver()
  const handler = writeTxnMarkersHandler(driver.services)
  const marker = {
    producerId: 5n,
    producerEpoch: 3,
    transactionResult: false,
    coordinatorEpoch: 1,
    transactionVersion: 0,
    topics: [{ name: 'orders', partitionIndexes: [0, 7] }],
  }
  const codes = async () => {
    const response = await answer(handler, { markers: [marker] }, fakeContext({ apiVersion: 1 }))
    return response.markers[0]?.topics[0]?.partitions.map((it) => it.errorCode)
  }
  expect(await codes()).toEqual([0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
  expect(driver.services.partition('orders').markers).toEqual([
    { producerId: 5n, producerEpoch: 3, committed: false, coordinatorEpoch: 1, transactionVersion: 1 },
  ])
  driver.services.partition('orders').setLeader(1)
  expect(await codes()).toEqual([ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
  driver.services.forbidden.add('Alter Cluster kafka-cluster')
  driver.services.forbidden.add('ClusterAction Cluster kafka-cluster')
  const refused = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
  expect(await codes()).toEqual([refused, refused])
})

test('DescribeTransactions tells state and partitions, without topics that are hidden from the caller', async () => {
  const driver = new TransactionDriver()
  driver.add(driver.init())
  const handler = describeTransactionsHandler(driver.services, driver.coordinator)
  const request = { transactionalIds: [transactionalId, 'nobody', ''] }
  const { transactionStates } = await answer(handler, request, fakeContext())
  expect(transactionStates.map((it) => it.errorCode)).toEqual([
    0,
    ErrorCode.TRANSACTIONAL_ID_NOT_FOUND,
    ErrorCode.INVALID_REQUEST,
  ])
  expect(transactionStates[0]).toMatchObject({
    transactionState: 'Ongoing',
    transactionTimeoutMs: 60_000,
    transactionStartTimeMs: BigInt(driver.services.clock.wallTime()),
    topics: [{ topic: 'orders', partitions: [0] }],
  })
  driver.services.forbidden.add('Describe Topic orders')
  const hidden = await answer(handler, request, fakeContext())
  expect(hidden.transactionStates[0]?.topics).toEqual([])
})

describe('ListTransactions', () => {
  const request = (changes: object = {}) => ({
    stateFilters: [] as string[],
    producerIdFilters: [] as bigint[],
    durationFilter: -1n,
    transactionalIdPattern: null as string | null,
    ...changes,
  })

  async function list(
    driver: TransactionDriver,
    changes: object = {},
    context = fakeContext({ apiVersion: 2 }),
  ) {
    const handler = listTransactionsHandler(driver.services, driver.coordinator)
    const response = await answer(handler, request(changes), context)
    return { ...response, ids: response.transactionStates.map((it) => it.transactionalId) }
  }

  test('filters by state, producer id, duration and pattern', async () => {
    const driver = new TransactionDriver()
    driver.add(driver.init())
    const other = driver.coordinator.initProducerId({ transactionalId: 'refunds', timeoutMs: 1_000 })
    await driver.services.clock.advance(500)
    expect((await list(driver)).ids).toEqual(['payments', 'refunds'])
    expect((await list(driver, { stateFilters: ['Ongoing'] })).ids).toEqual(['payments'])
    expect((await list(driver, { producerIdFilters: [other.producerId] })).ids).toEqual(['refunds'])
    expect((await list(driver, { stateFilters: ['Ongoing'], durationFilter: 500n })).ids).toEqual([])
    expect((await list(driver, { stateFilters: ['Ongoing'], durationFilter: 499n })).ids).toEqual([
      'payments',
    ])
    expect((await list(driver, { transactionalIdPattern: 'pay.*' })).ids).toEqual(['payments'])
    expect((await list(driver, { transactionalIdPattern: 'pay' })).ids).toEqual([])
    expect((await list(driver, { transactionalIdPattern: '(' })).errorCode).toBe(
      ErrorCode.INVALID_REGULAR_EXPRESSION,
    )
  })

  test('names states that there are not, and lists nothing for them', async () => {
    const driver = new TransactionDriver()
    driver.init()
    const response = await list(driver, { stateFilters: ['Sleeping'] })
    expect(response.unknownStateFilters).toEqual(['Sleeping'])
    expect(response.ids).toEqual([])
  })

  test('lists only what the broker coordinates and the caller may see', async () => {
    const driver = new TransactionDriver()
    driver.init()
    driver.services.forbidden.add('Describe TransactionalId payments')
    expect((await list(driver)).ids).toEqual([])
    driver.services.forbidden.clear()
    expect((await list(driver)).ids).toEqual(['payments'])
    driver.services.coordinators.move(1)
    expect((await list(driver)).ids).toEqual([])
  })
})
