// Guards L12 where two ends meet: a transaction is never committed without one of its messages.
import { Kafka, type KafkaError, type Producer } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type TestCluster } from '../../src/testing'

let broker: TestCluster
let kafka: Kafka

afterEach(async () => {
  expect(broker.failures).toEqual([])
  await broker.close()
})

const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: KafkaError) => error.code,
  )

const asked = () => broker.requests.filter({ api: 'EndTxn' }).map(({ request }) => request.committed)

describe.each([1, 2] as const)('with transaction.version %i', (version) => {
  let producer: Producer
  let release: () => void

  beforeEach(async () => {
    broker = await createBroker({
      network: 'memory',
      logger: silentLogger,
      topics: [{ name: 't', partitions: 2 }],
    })
    broker.setFeature('transaction.version', version)
    kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger, requestTimeoutMs: 5000 })
    producer = kafka.producer({ transactionalId: 'tx', maxInFlightRequestsPerConnection: 1 })
  })

  /** One message is on its way to a broker that waits, others queue behind it, and a commit waits for all of them. */
  async function committing() {
    const transaction = await producer.beginTransaction()
    const held = new Promise<void>((resolve) => (release = resolve))
    const reached = new Promise<void>((resolve) => {
      broker.once('Produce', async () => {
        resolve()
        await held
      })
    })
    const sends = [transaction.send('t', { partition: 0, value: 'first' })]
    await reached
    sends.push(transaction.send('t', { partition: 0, value: 'second' }))
    sends.push(transaction.send('t', { partition: 1, value: 'third' }))
    return { transaction, sends: sends.map(outcomeOf), commit: outcomeOf(transaction.commit()) }
  }

  test('a close that waits for nothing ends a commit that waits for messages', async () => {
    const { sends, commit } = await committing()
    await producer.close({ timeoutMs: 0 })
    release()
    expect(await commit).toBe('CLOSED')
    expect(await Promise.all(sends)).toEqual(['CLOSED', 'CLOSED', 'CLOSED'])
    expect(asked()).not.toContain(true)
  })

  test('an abort during a commit that waits for messages wins', async () => {
    const { transaction, sends, commit } = await committing()
    const abort = outcomeOf(transaction.abort())
    release()
    expect(await commit).toBe('TRANSACTION_ABORTED')
    expect(await abort).toBe('resolved')
    expect((await Promise.all(sends)).slice(1)).toEqual(['TRANSACTION_ABORTED', 'TRANSACTION_ABORTED'])
    expect(asked()).toEqual([false])
    await producer.transaction((next) => next.send('t', { partition: 0, value: 'next' }))
    await producer.close()
  })

  test('a close that has time aborts a commit that still waits for messages', async () => {
    const { commit } = await committing()
    const closed = producer.close({ timeoutMs: 2000 })
    release()
    await closed
    expect(await commit).toBe('TRANSACTION_ABORTED')
    expect(asked()).toEqual([false])
  })

  test('what is sent after the commit was asked for is refused, not left behind', async () => {
    const { transaction, sends, commit } = await committing()
    expect(await outcomeOf(transaction.send('t', { value: 'late' }))).toBe('INVALID_TXN_STATE')
    expect(await outcomeOf(producer.send('t', { value: 'late' }))).toBe('INVALID_TXN_STATE')
    release()
    expect(await commit).toBe('resolved')
    expect(await Promise.all(sends)).toEqual(['resolved', 'resolved', 'resolved'])
    expect(asked()).toEqual([true])
    await producer.close()
  })

  test('a message that nobody waits for ends no process when its transaction is aborted', async () => {
    const unhandled: unknown[] = []
    const listen = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', listen)
    try {
      const failing = producer.transaction(async (transaction) => {
        void transaction.send('t', { value: 'x' })
        await Promise.resolve()
        throw new RangeError('changed my mind')
      })
      expect(await outcomeOf(failing)).toBeUndefined()
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', listen)
      await producer.close()
    }
  })
})
