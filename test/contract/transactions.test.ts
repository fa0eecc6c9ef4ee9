// Guards against a transaction coordinator that lets pass what Kafka fences, or refuses what it allows.
import { addOffsetsToTxnApi } from '../../src/wire/generated/client/add-offsets-to-txn'
import { addPartitionsToTxnApi } from '../../src/wire/generated/client/add-partitions-to-txn'
import { describeProducersApi } from '../../src/wire/generated/client/describe-producers'
import {
  describeTransactionsApi,
  type DescribeTransactionsResponseTransactionState,
} from '../../src/wire/generated/client/describe-transactions'
import { initProducerIdApi } from '../../src/wire/generated/client/init-producer-id'
import { listTransactionsApi } from '../../src/wire/generated/client/list-transactions'
import { offsetFetchApi } from '../../src/wire/generated/client/offset-fetch'
import { txnOffsetCommitApi } from '../../src/wire/generated/client/txn-offset-commit'
import { code, describeEachBroker } from './support/describe-each-broker'
import { newGroup } from './support/groups'
import { createTopic, fetch, only, valuesIn, type TestTopic } from './support/log'
import { initProducerId, TransactionalProducer } from './support/transactions'

describeEachBroker('transactions', {}, (broker) => {
  let topic: TestTopic
  beforeEach(async () => void (topic = await createTopic(broker)))
  const newProducer = (): Promise<TransactionalProducer> => new TransactionalProducer(broker).init()

  const committedValues = async (atLeast: bigint): Promise<string[]> => {
    for (;;) {
      const answer = await fetch(broker, topic, { isolationLevel: 1 })
      if (answer.lastStableOffset < atLeast) continue
      const all = valuesIn(answer.records)
      return answer.abortedTransactions?.length === 0 ? all : [`aborted: ${all.length}`]
    }
  }

  it('give an id, and a higher epoch each time its transactional id comes again', async () => {
    const producer = await newProducer()
    expect(producer.epoch).toBe(0)
    const again = await new TransactionalProducer(broker, producer.transactionalId).init()
    expect(again.producerId).toBe(producer.producerId)
    expect(again.epoch).toBe(1)
  })

  it('refuse timeouts that are not allowed and an empty id', async () => {
    const ask = async (transactionalId: string, timeoutMs: number): Promise<string> =>
      code((await initProducerId(broker, { transactionalId, timeoutMs })).errorCode)
    const id = broker.uniqueName('txn')
    expect(await ask(id, 900_001)).toBe('INVALID_TRANSACTION_TIMEOUT')
    expect(await ask(id, 0)).toBe('INVALID_TRANSACTION_TIMEOUT')
    expect(await ask(id, 900_000)).toBe('NONE')
    const empty = await broker.raw(initProducerIdApi, 4, { transactionalId: '', transactionTimeoutMs: 1_000 })
    expect(code(empty.errorCode)).toBe('INVALID_REQUEST')
  })

  it('let a producer raise its own epoch, and not with another id', async () => {
    const { transactionalId, producerId, epoch } = await newProducer()
    const ask = (id: bigint, producerEpoch: number): ReturnType<typeof initProducerId> =>
      initProducerId(broker, { transactionalId, producerId: id, producerEpoch })
    const raised = await ask(producerId, epoch)
    expect(raised).toMatchObject({ errorCode: 0, producerId, producerEpoch: epoch + 1 })
    // The answer may have been lost: the same question gets the same answer.
    expect(await ask(producerId, epoch)).toMatchObject({ errorCode: 0, producerEpoch: epoch + 1 })
    expect(code((await ask(producerId + 1_000_000n, epoch)).errorCode)).toBe('PRODUCER_FENCED')
    await ask(producerId, epoch + 1)
    expect(code((await ask(producerId, epoch)).errorCode)).toBe('PRODUCER_FENCED')
  })

  it('commit what was written, after what came before', async () => {
    const producer = await newProducer()
    expect(code(await producer.add(topic))).toBe('NONE')
    expect(code(await producer.write(topic, ['a', 'b']))).toBe('NONE')
    expect(code(await producer.write(topic, ['c']))).toBe('NONE')
    expect(code((await producer.end(true)).errorCode)).toBe('NONE')
    expect(await committedValues(4n)).toEqual(['a', 'b', 'c'])
    // A repeated end is the same end; the other one is a mistake.
    expect(code((await producer.end(true)).errorCode)).toBe('NONE')
    expect(code((await producer.end(false)).errorCode)).toBe('INVALID_TXN_STATE')
  })

  it('do not begin without a partition', async () => {
    const producer = await newProducer()
    expect(code((await producer.end(true)).errorCode)).toBe('INVALID_TXN_STATE')
    expect(code((await producer.end(false)).errorCode)).toBe('INVALID_TXN_STATE')
  })

  it('go on one after another', async () => {
    const producer = await newProducer()
    for (const value of ['a', 'b']) {
      await producer.add(topic)
      expect(code(await producer.write(topic, [value]))).toBe('NONE')
      expect(code((await producer.end(true)).errorCode)).toBe('NONE')
    }
    expect(await committedValues(4n)).toEqual(['a', 'b'])
  })

  it('fence a producer whose transactional id somebody else took, and abort what it had open', async () => {
    const old = await newProducer()
    await old.add(topic)
    await old.write(topic, ['lost'])
    const next = await new TransactionalProducer(broker, old.transactionalId).init()
    expect(next.epoch).toBeGreaterThan(old.epoch)
    expect(code(await old.add(topic))).toBe('PRODUCER_FENCED')
    expect(code((await old.end(true)).errorCode)).toBe('PRODUCER_FENCED')
    expect(code(await old.write(topic, ['late']))).toBe('INVALID_PRODUCER_EPOCH')
    expect(await committedValues(2n)).toEqual(['aborted: 1'])
  })

  it('tell a fenced producer INVALID_PRODUCER_EPOCH in the versions that know nothing else', async () => {
    const old = await newProducer()
    await old.add(topic)
    await new TransactionalProducer(broker, old.transactionalId).init()
    expect(code(await old.add(topic, 0, 1))).toBe('INVALID_PRODUCER_EPOCH')
    expect(code((await old.end(true, 1)).errorCode)).toBe('INVALID_PRODUCER_EPOCH')
  })

  it('know producers by id: another id is refused', async () => {
    const producer = await newProducer()
    producer.producerId += 1_000_000n
    expect(code(await producer.add(topic))).toBe('INVALID_PRODUCER_ID_MAPPING')
    expect(code((await producer.end(true)).errorCode)).toBe('INVALID_PRODUCER_ID_MAPPING')
    const unknown = new TransactionalProducer(broker)
    expect(code((await unknown.end(true)).errorCode)).toBe('INVALID_PRODUCER_ID_MAPPING')
  })

  it('refuse partitions that are not there, all of them together', async () => {
    const { transactionalId, producerId, epoch } = await newProducer()
    const answer = await broker.raw(addPartitionsToTxnApi, 3, {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: epoch,
      v3AndBelowTopics: [
        { name: topic.name, partitions: [0] },
        { name: 'no-such-topic', partitions: [0] },
      ],
    })
    const codes = answer.resultsByTopicV3AndBelow.map(({ name, resultsByPartition }) => [
      name === topic.name,
      code(only(resultsByPartition).partitionErrorCode),
    ])
    expect(codes.sort()).toEqual([
      [false, 'UNKNOWN_TOPIC_OR_PARTITION'],
      [true, 'OPERATION_NOT_ATTEMPTED'],
    ])
  })

  it('take no records for a partition that was not added', async () => {
    const producer = await newProducer()
    expect(code(await producer.write(topic, ['x']))).toBe('INVALID_TXN_STATE')
  })

  it('are aborted when their time is over', async () => {
    const producer = await new TransactionalProducer(broker).init(1)
    await producer.add(topic)
    await producer.write(topic, ['x'])
    // The coordinator looks every ten seconds; asking for the id again ends the open transaction at once.
    await new TransactionalProducer(broker, producer.transactionalId).init()
    expect(await committedValues(2n)).toEqual(['aborted: 1'])
  })

  it('show committed offsets only after the commit', async () => {
    const group = await newGroup(broker)
    const producer = await newProducer()
    const { transactionalId, producerId, epoch: producerEpoch } = producer
    const added = await broker.raw(addOffsetsToTxnApi, 3, {
      transactionalId,
      producerId,
      producerEpoch,
      groupId: group,
    })
    expect(code(added.errorCode)).toBe('NONE')
    const commit = async (
      more: { memberId?: string; generationIdOrMemberEpoch?: number } = {},
    ): Promise<string> => {
      const partitions = [{ partitionIndex: 0, committedOffset: 9n, committedMetadata: 'm' }]
      const topics = [{ name: topic.name, partitions }]
      const request = { transactionalId, groupId: group, producerId, producerEpoch, topics, ...more }
      return code(only(only((await broker.raw(txnOffsetCommitApi, 3, request)).topics).partitions).errorCode)
    }
    const read = async (requireStable: boolean): Promise<[bigint, string]> => {
      const topics = [{ name: topic.name, partitionIndexes: [0] }]
      const answer = await broker.raw(offsetFetchApi, 7, { groupId: group, topics, requireStable })
      const found = only(only(answer.topics).partitions)
      return [found.committedOffset, code(found.errorCode)]
    }
    expect(await commit()).toBe('NONE')
    expect(await read(false)).toEqual([-1n, 'NONE'])
    expect(await read(true)).toEqual([-1n, 'UNSTABLE_OFFSET_COMMIT'])
    expect(await commit({ memberId: 'somebody', generationIdOrMemberEpoch: 3 })).toBe('UNKNOWN_MEMBER_ID')
    expect(code((await producer.end(true)).errorCode)).toBe('NONE')
    let found = await read(true)
    while (found[1] !== 'NONE') found = await read(true)
    expect(found).toEqual([9n, 'NONE'])
  })

  it('are listed and described', async () => {
    const producer = await newProducer()
    const { transactionalId, producerId } = producer
    const describeIt = async (id = transactionalId): Promise<DescribeTransactionsResponseTransactionState> =>
      only((await broker.raw(describeTransactionsApi, 0, { transactionalIds: [id] })).transactionStates)
    const listed = async (stateFilters: string[]): Promise<unknown> =>
      (await broker.raw(listTransactionsApi, 0, { stateFilters, producerIdFilters: [producerId] }))
        .transactionStates
    expect(await describeIt()).toMatchObject({
      errorCode: 0,
      transactionState: 'Empty',
      producerId,
      producerEpoch: 0,
      topics: [],
      transactionStartTimeMs: -1n,
      transactionTimeoutMs: 60_000,
    })
    await producer.add(topic)
    const open = await describeIt()
    expect(open).toMatchObject({
      transactionState: 'Ongoing',
      topics: [{ topic: topic.name, partitions: [0] }],
    })
    expect(open.transactionStartTimeMs).toBeGreaterThan(0n)
    expect(await listed(['Ongoing'])).toEqual([{ transactionalId, producerId, transactionState: 'Ongoing' }])
    expect(await listed(['Empty'])).toEqual([])
    await producer.write(topic, ['x'])
    const topics = [{ name: topic.name, partitionIndexes: [0, 5] }]
    const [partition, missing] = only(
      (await broker.raw(describeProducersApi, 0, { topics })).topics,
    ).partitions
    expect(only(partition?.activeProducers)).toMatchObject({
      producerId,
      producerEpoch: 0,
      lastSequence: 0,
      currentTxnStartOffset: 0n,
    })
    expect(code(missing?.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    await producer.end(true)
    let state = (await describeIt()).transactionState
    while (state === 'PrepareCommit') state = (await describeIt()).transactionState
    expect(state).toBe('CompleteCommit')
    expect(code((await describeIt('no-such-id')).errorCode)).toBe('TRANSACTIONAL_ID_NOT_FOUND')
    const odd = await broker.raw(listTransactionsApi, 0, { stateFilters: ['Odd'], producerIdFilters: [] })
    expect(odd).toMatchObject({ errorCode: 0, unknownStateFilters: ['Odd'], transactionStates: [] })
  })
})

describeEachBroker('transactions of protocol v2', { releases: ['4.3'] }, (broker) => {
  it('add partitions by writing and raise the epoch with every end', async () => {
    const topic = await createTopic(broker)
    const producer = await new TransactionalProducer(broker).init()
    const { producerId, epoch } = producer
    for (const [index, committed] of [true, false, true].entries()) {
      expect(code(await producer.write(topic, [`v${index}`], 12))).toBe('NONE')
      expect(code((await producer.end(committed, 5)).errorCode)).toBe('NONE')
      expect([producer.producerId, producer.epoch]).toEqual([producerId, epoch + index + 1])
    }
    let answer = await fetch(broker, topic, { isolationLevel: 1 })
    while (answer.lastStableOffset < 6n) answer = await fetch(broker, topic, { isolationLevel: 1 })
    expect(valuesIn(answer.records)).toEqual(['v0', 'v1', 'v2'])
    expect(answer.abortedTransactions).toEqual([{ producerId, firstOffset: 2n }])
  })

  it('refuse the old epoch after an end', async () => {
    const topic = await createTopic(broker)
    const producer = await new TransactionalProducer(broker).init()
    await producer.write(topic, ['a'], 12)
    await producer.end(true, 5)
    while ((await fetch(broker, topic)).lastStableOffset < 2n);
    producer.epoch -= 1
    expect(code(await producer.write(topic, ['late'], 12, { baseSequence: 1 }))).toBe(
      'INVALID_PRODUCER_EPOCH',
    )
  })

  it('can abort when nothing was written, not commit', async () => {
    const producer = await new TransactionalProducer(broker).init()
    expect(code((await producer.end(true, 5)).errorCode)).toBe('INVALID_TXN_STATE')
    expect(code((await producer.end(false, 5)).errorCode)).toBe('NONE')
    expect(producer.epoch).toBe(1)
  })

  it('take offsets without AddOffsetsToTxn', async () => {
    const topic = await createTopic(broker)
    const group = await newGroup(broker)
    const producer = await new TransactionalProducer(broker).init()
    const { transactionalId, producerId, epoch: producerEpoch } = producer
    const partitions = [{ partitionIndex: 0, committedOffset: 3n, committedMetadata: '' }]
    const request = { transactionalId, groupId: group, producerId, producerEpoch }
    const answer = await broker.raw(txnOffsetCommitApi, 5, {
      ...request,
      topics: [{ name: topic.name, partitions }],
    })
    expect(code(only(only(answer.topics).partitions).errorCode)).toBe('NONE')
    expect(code((await producer.end(true, 5)).errorCode)).toBe('NONE')
    const read = async (): Promise<bigint> => {
      const topics = [{ name: topic.name, partitionIndexes: [0] }]
      return only(only((await broker.raw(offsetFetchApi, 7, { groupId: group, topics })).topics).partitions)
        .committedOffset
    }
    while ((await read()) !== 3n);
  })
})
