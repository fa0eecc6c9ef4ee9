// Guards against epochs that differ from Kafka's after fencing, and against admin APIs of transactions that do.
import { addPartitionsToTxnApi } from '../../src/wire/generated/client/add-partitions-to-txn'
import { describeTransactionsApi } from '../../src/wire/generated/client/describe-transactions'
import { endTxnApi } from '../../src/wire/generated/client/end-txn'
import { initProducerIdApi } from '../../src/wire/generated/client/init-producer-id'
import { listTransactionsApi } from '../../src/wire/generated/client/list-transactions'
import { writeTxnMarkersApi } from '../../src/wire/generated/client/write-txn-markers'
import { code, describeEachBroker } from './support/describe-each-broker'
import { createTopic, fetch, only } from './support/log'
import { initProducerId, TransactionalProducer } from './support/transactions'

describeEachBroker('fencing', {}, (broker) => {
  it('says CONCURRENT_TRANSACTIONS while it aborts, and bumps the epoch twice', async () => {
    const topic = await createTopic(broker)
    const zombie = await new TransactionalProducer(broker).init()
    await zombie.add(topic)
    const { transactionalId } = zombie
    const request = { transactionalId, transactionTimeoutMs: 60_000, producerId: -1n, producerEpoch: -1 }
    const first = await broker.raw(initProducerIdApi, 4, request)
    expect([code(first.errorCode), first.producerId, first.producerEpoch]).toEqual([
      'CONCURRENT_TRANSACTIONS',
      -1n,
      -1,
    ])
    const next = await new TransactionalProducer(broker, transactionalId).init()
    expect(next.epoch).toBe(2)
  })

  it('refuses a half of id and epoch, and knows its versions', async () => {
    const transactionalId = broker.uniqueName('txn')
    const half = await initProducerId(broker, { transactionalId, producerId: 5n })
    expect(code(half.errorCode)).toBe('INVALID_REQUEST')
    const { producerId } = await initProducerId(broker, { transactionalId })
    const wrong = { transactionalId, producerId: producerId + 1_000_000n, producerEpoch: 0 }
    expect(code((await initProducerId(broker, { ...wrong, version: 3 })).errorCode)).toBe(
      'INVALID_PRODUCER_EPOCH',
    )
    expect(code((await initProducerId(broker, { ...wrong, version: 4 })).errorCode)).toBe('PRODUCER_FENCED')
  })

  it('does not let a client name internal topics', async () => {
    const { transactionalId, producerId, epoch } = await new TransactionalProducer(broker).init()
    const answer = await broker.raw(addPartitionsToTxnApi, 3, {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: epoch,
      v3AndBelowTopics: [{ name: '__transaction_state', partitions: [0] }],
    })
    const [result] = only(answer.resultsByTopicV3AndBelow).resultsByPartition
    expect(code(result?.partitionErrorCode)).toBe('TOPIC_AUTHORIZATION_FAILED')
  })

  it('answers brokers that ask whether a partition takes part', async () => {
    const topic = await createTopic(broker)
    const { transactionalId, producerId, epoch } = await new TransactionalProducer(broker).init()
    const ask = async (verifyOnly: boolean): Promise<string> => {
      const topics = [{ name: topic.name, partitions: [0] }]
      const transactions = [{ transactionalId, producerId, producerEpoch: epoch, verifyOnly, topics }]
      const { resultsByTransaction } = await broker.raw(addPartitionsToTxnApi, 4, { transactions })
      const [result] = only(only(resultsByTransaction).topicResults).resultsByPartition
      return code(result?.partitionErrorCode)
    }
    expect(await ask(true)).toBe(broker.pick({ '3.7': 'INVALID_TXN_STATE', '4.3': 'TRANSACTION_ABORTABLE' }))
    expect(await ask(false)).toBe('NONE')
    expect(await ask(true)).toBe('NONE')
  })

  it('ends a hanging transaction by markers that an admin writes', async () => {
    const topic = await createTopic(broker)
    const producer = await new TransactionalProducer(broker).init()
    await producer.add(topic)
    await producer.write(topic, ['x'])
    const marker = {
      producerId: producer.producerId,
      producerEpoch: producer.epoch,
      transactionResult: false,
      topics: [{ name: topic.name, partitionIndexes: [0, 7] }],
      coordinatorEpoch: 0,
    }
    const { markers } = await broker.raw(writeTxnMarkersApi, 1, { markers: [marker] })
    const [result] = only(markers).topics
    const codes = result?.partitions.map((it) => `${it.partitionIndex}: ${code(it.errorCode)}`).sort()
    expect(codes).toEqual(['0: NONE', '7: UNKNOWN_TOPIC_OR_PARTITION'])
    const { lastStableOffset, abortedTransactions } = await fetch(broker, topic, { isolationLevel: 1 })
    expect([lastStableOffset, abortedTransactions]).toEqual([
      2n,
      [{ producerId: producer.producerId, firstOffset: 0n }],
    ])
  })

  it('refuses empty ids', async () => {
    const { transactionStates } = await broker.raw(describeTransactionsApi, 0, { transactionalIds: [''] })
    const [state] = transactionStates
    expect(state).toMatchObject({ transactionalId: '', transactionState: '', topics: [] })
    expect([code(state?.errorCode), state?.producerId, state?.producerEpoch]).toEqual([
      'INVALID_REQUEST',
      0n,
      0,
    ])
    const request = { transactionalId: '', producerId: 0n, producerEpoch: 0, committed: true }
    expect(code((await broker.raw(endTxnApi, 3, request)).errorCode)).toBe('INVALID_REQUEST')
  })
})

describeEachBroker('fencing with protocol v2', { releases: ['4.3'] }, (broker) => {
  it('lets a producer abort what was aborted for it, and not commit it', async () => {
    const topic = await createTopic(broker)
    const zombie = await new TransactionalProducer(broker).init()
    await zombie.write(topic, ['x'], 12)
    const { transactionalId } = zombie
    const request = { transactionalId, transactionTimeoutMs: 60_000, producerId: -1n, producerEpoch: -1 }
    expect(code((await broker.raw(initProducerIdApi, 4, request)).errorCode)).toBe('CONCURRENT_TRANSACTIONS')
    const state = async (): Promise<string | undefined> => {
      const described = await broker.raw(describeTransactionsApi, 0, { transactionalIds: [transactionalId] })
      return described.transactionStates[0]?.transactionState
    }
    while ((await state()) !== 'CompleteAbort');
    expect(code((await zombie.end(true, 5)).errorCode)).toBe('INVALID_TXN_STATE')
    const ended = await zombie.end(false, 5)
    expect([code(ended.errorCode), ended.producerEpoch]).toEqual(['NONE', 1])
    expect(code(await zombie.write(topic, ['y'], 12))).toBe('NONE')
  })
})

describeEachBroker('lists of transactions', { releases: ['4.3'] }, (broker) => {
  it('are filtered by time and by pattern', async () => {
    const producer = await new TransactionalProducer(broker).init()
    await producer.add(await createTopic(broker))
    const { transactionalId, producerId } = producer
    const list = async (durationFilter: bigint, transactionalIdPattern: string | null = null) => {
      const answer = await broker.raw(listTransactionsApi, 2, {
        stateFilters: [],
        producerIdFilters: [producerId],
        durationFilter,
        transactionalIdPattern,
      })
      return [code(answer.errorCode), answer.transactionStates.map((it) => it.transactionalId)]
    }
    expect(await list(-1n)).toEqual(['NONE', [transactionalId]])
    expect(await list(3_600_000n)).toEqual(['NONE', []])
    expect(await list(-1n, `${transactionalId.slice(0, 3)}.*`)).toEqual(['NONE', [transactionalId]])
    expect(await list(-1n, transactionalId.slice(0, 3))).toEqual(['NONE', []])
    expect(await list(-1n, '')).toEqual(['NONE', [transactionalId]])
    expect((await list(-1n, '('))[0]).toBe('INVALID_REGULAR_EXPRESSION')
  })
})
