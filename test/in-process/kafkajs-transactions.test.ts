// Guards KafkaJS's transactions on our core: what of them is stored, which calls they refuse, and that a producer outlives
// one that failed.
import { CompressionTypes } from '../../src/kafkajs/enums'
import { until } from './support/case-runner'
import { compressionsOf, failure, KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

beforeEach(async () => {
  await setup.start({ topics: [{ name: 't', partitions: 3 }, { name: 'u' }] })
})

afterEach(() => setup.endCleanly())

const connected = (...args: Parameters<KafkaJsSetup['producer']>) => setup.producer(...args)

const valuesOf = (topic: string) => setup.valuesOf(topic)

describe('3 transactions', () => {
  const transactional = () => connected({ transactionalId: 'tx', idempotent: true })

  test('3: what is sent in it is stored when it commits, with the positions of a group', async () => {
    const producer = await transactional()
    const transaction = await producer.transaction()
    expect(transaction.isActive()).toBe(true)
    await transaction.send({ topic: 'u', messages: [{ value: 'a' }] })
    await transaction.sendBatch({ topicMessages: [{ topic: 't', messages: [{ value: 'b', partition: 0 }] }] })
    await transaction.sendOffsets({
      consumerGroupId: 'g',
      topics: [{ topic: 't', partitions: [{ partition: 0, offset: '7' }] }],
    })
    await transaction.commit()
    expect(transaction.isActive()).toBe(false)
    // Brokers answer before the markers are written.
    const markers = () => setup.cluster.records('u').map(({ marker }) => marker)
    await until(() => markers().length === 2, 'the marker')
    expect(markers()).toEqual([undefined, 'commit'])
    expect(setup.cluster.group('g')?.offsets).toMatchObject([{ topic: 't', partition: 0, offset: 7n }])
  })

  test('3: one that is aborted leaves nothing; the next one begins', async () => {
    const producer = await transactional()
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'u', messages: [{ value: 'a' }] })
    await transaction.abort()
    await until(() => setup.cluster.records('u').at(-1)?.marker === 'abort', 'the marker')
    const next = await producer.transaction()
    await next.commit()
  })

  test('3: without an id, with another one open, and after its end', async () => {
    const plain = await connected({})
    expect(await failure(plain.transaction())).toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: 'Must provide transactional id for transactional producer',
    })
    const producer = await transactional()
    const transaction = await producer.transaction()
    expect(await failure(producer.transaction())).toMatchObject({
      message:
        'There is already an ongoing transaction for this producer. Please end the transaction before beginning another.',
    })
    await transaction.commit()
    for (const call of ['send', 'sendBatch', 'sendOffsets', 'commit', 'abort'] as const) {
      expect(await failure(transaction[call]({} as never))).toMatchObject({
        name: 'KafkaJSNonRetriableError',
        message: 'Cannot continue to use transaction once ended',
      })
    }
  })

  test('3: a second one that is begun before the first has its producer id', async () => {
    const producer = await transactional()
    const first = producer.transaction()
    expect(await failure(producer.transaction())).toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: 'Transaction state exception: Cannot call "beginTransaction" in state "TRANSACTING"',
    })
    await (await first).abort()
  })

  test('3: while it is being committed it takes nothing more', async () => {
    const producer = await transactional()
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'u', messages: [{ value: 'a' }] })
    const committing = transaction.commit()
    expect(transaction.isActive()).toBe(false)
    const message = 'Cannot continue to use transaction once ended'
    expect(await failure(transaction.commit())).toMatchObject({ message })
    expect(await failure(transaction.send({ topic: 'u', messages: [{ value: 'b' }] }))).toMatchObject({
      message,
    })
    await committing
  })

  test('3: one whose commit was refused can be aborted, and the next one begins', async () => {
    const producer = await transactional()
    const transaction = await producer.transaction()
    setup.cluster.faults.failProduce({ topic: 'u', error: 'MESSAGE_TOO_LARGE', times: 1 })
    const refused = { name: 'KafkaJSProtocolError', type: 'MESSAGE_TOO_LARGE' }
    const sending = transaction.send({ topic: 'u', messages: [{ value: 'a' }] })
    expect(await failure(sending)).toMatchObject(refused)
    expect(await failure(transaction.commit())).toMatchObject(refused)
    expect(transaction.isActive()).toBe(true)
    await transaction.abort()
    const next = await producer.transaction()
    await next.send({ topic: 'u', messages: [{ value: 'b' }] })
    await next.commit()
    expect(valuesOf('u')).toContain('b')
  })

  test('3: send and sendBatch refuse in it what they refuse outside, and need all acks', async () => {
    const producer = await transactional()
    const transaction = await producer.transaction()
    expect(await failure(transaction.send({ topic: '', messages: [] }))).toMatchObject({
      message: 'Invalid topic',
    })
    expect(await failure(transaction.send({ topic: 'u', acks: 1, messages: [] }))).toMatchObject({
      message: "Not requiring ack for all messages invalidates the idempotent producer's EoS guarantees",
    })
    await transaction.abort()
  })

  test('3: the producer id is taken at the first transaction and kept; transactionTimeout goes with it', async () => {
    const producer = await connected({ transactionalId: 'tx', idempotent: true, transactionTimeout: 12_345 })
    const taken = () =>
      setup.cluster.requests
        .filter({ api: 'InitProducerId' })
        .filter(({ request }) => request.transactionalId === 'tx')
    expect(taken()).toEqual([])
    for (const value of ['a', 'b']) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'u', messages: [{ value }] })
      await transaction.commit()
    }
    expect(taken().map(({ request }) => request.transactionTimeoutMs)).toEqual([12_345])
    const other = await connected({ transactionalId: 'other', idempotent: true })
    await (await other.transaction()).abort()
    const [, first] = setup.cluster.requests
      .filter({ api: 'InitProducerId' })
      .filter(({ request }) => request.transactionalId !== null)
    expect(first?.request).toMatchObject({ transactionalId: 'other', transactionTimeoutMs: 60_000 })
  })

  test('3, 13.13: disconnect ends a transaction that is open, and what it sent counts for nothing', async () => {
    const producer = await transactional()
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'u', messages: [{ value: 'a' }] })
    await producer.disconnect()
    await until(() => setup.cluster.records('u').at(-1)?.marker === 'abort', 'the marker')
    expect(await failure(transaction.send({ topic: 'u', messages: [{ value: 'b' }] }))).toMatchObject({
      message: 'The producer is disconnected',
    })
    await producer.connect()
    await (await producer.transaction()).abort()
  })

  test('3, 9.3: what is sent in it is compressed as the call says', async () => {
    const producer = await transactional()
    const transaction = await producer.transaction()
    const value = 'v'.repeat(2000)
    await transaction.send({ topic: 'u', compression: CompressionTypes.GZIP, messages: [{ value }] })
    await transaction.send({ topic: 'u', messages: [{ value }] })
    await transaction.commit()
    expect(compressionsOf(setup.cluster)).toEqual([CompressionTypes.GZIP, CompressionTypes.None])
    expect(valuesOf('u').slice(0, 2)).toEqual([value, value])
  })

  test('3: messages outside of a transaction are sent by the same producer', async () => {
    const producer = await transactional()
    const transaction = await producer.transaction()
    await producer.send({ topic: 'u', messages: [{ value: 'outside' }] })
    await transaction.abort()
    expect(valuesOf('u')).toEqual(['outside'])
  })
})
