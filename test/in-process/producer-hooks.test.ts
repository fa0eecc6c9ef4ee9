// Guards what plugs into a producer against a broker: partitioners, interceptors, events and metrics.
import {
  type DiagnosticsName,
  Kafka,
  onDiagnostics,
  type Producer,
  type ProducerOptions,
  type Receipt,
} from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, createCluster, type TestCluster } from '../../src/testing'

let broker: TestCluster
let kafka: Kafka
const open: { close(): Promise<void> }[] = []
const subscriptions: (() => void)[] = []

function use(cluster: TestCluster): void {
  broker = cluster
  kafka = new Kafka({
    ...broker.clientOptions(),
    logger: silentLogger,
    retryBackoffMs: 10,
    requestTimeoutMs: 500,
  })
}

function producer(options: ProducerOptions = {}): Producer {
  const made = kafka.producer({ maxBlockMs: 5000, deliveryTimeoutMs: 5000, ...options })
  open.push(made)
  return made
}

function observe(...names: DiagnosticsName[]): { name: DiagnosticsName; event: object }[] {
  const events: { name: DiagnosticsName; event: object }[] = []
  for (const name of names) subscriptions.push(onDiagnostics(name, (event) => events.push({ name, event })))
  return events
}

afterEach(async () => {
  for (const end of subscriptions.splice(0)) end()
  await Promise.all(open.splice(0).map((client) => client.close()))
  expect(broker.failures).toEqual([])
  await broker.close()
})

const partitionsWith = (...values: string[]) =>
  values.map((value) => broker.records('t').find((record) => String(record.value) === value)?.partition)

describe('partitioners on a broker', () => {
  test.each(['default', 'round-robin', 'kafkajs-legacy'] as const)(
    'P17: %s sends nothing without a key to a partition without a leader while another has one',
    async (partitioner) => {
      use(
        await createCluster({
          brokers: 2,
          network: 'memory',
          logger: silentLogger,
          topics: [{ name: 't', partitions: 4, replicationFactor: 1 }],
        }),
      )
      const dead = broker.brokerIds[1] as number
      const alive = [0, 1, 2, 3].filter((partition) => broker.partition('t', partition).leaderId !== dead)
      expect(alive).toHaveLength(2)
      await broker.stopBroker(dead)
      const sending = producer({ partitioner, batchSizeBytes: 200 })
      const receipts = await Promise.all(
        Array.from({ length: 100 }, (_, i) => sending.send('t', { value: `${i}`.padEnd(100) })),
      )
      expect(new Set(receipts.map(({ partition }) => partition))).toEqual(new Set(alive))
    },
  )

  test('P17: a slow broker gets less of the messages without a key', async () => {
    use(
      await createCluster({
        brokers: 2,
        network: 'memory',
        logger: silentLogger,
        topics: [{ name: 't', partitions: 2, replicationFactor: 1 }],
      }),
    )
    broker.on('Produce', (_, exchange) => exchange.delay(40), { broker: broker.partition('t', 0).leaderId })
    const sending = producer({ batchSizeBytes: 300 })
    const sent: Promise<Receipt>[] = []
    for (let i = 0; i < 400; i++) {
      sent.push(sending.send('t', { value: `${i}`.padEnd(100) }))
      // At a pace the quick broker keeps up with.
      if (i % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    const counts = [0, 0]
    for (const { partition } of await Promise.all(sent)) counts[partition] = (counts[partition] ?? 0) + 1
    expect((counts[0] as number) * 2).toBeLessThan(counts[1] as number)
  })

  test('a partitioner of one’s own decides where messages are stored', async () => {
    use(
      await createBroker({ network: 'memory', logger: silentLogger, topics: [{ name: 't', partitions: 3 }] }),
    )
    const sending = producer({ partitioner: ({ key }) => (key?.[0] ?? 0) - 0x61 })
    await sending.send(
      't',
      ['a', 'b', 'c'].map((key) => ({ key, value: key })),
    )
    expect(partitionsWith('a', 'b', 'c')).toEqual([0, 1, 2])
    const refused = sending.send('t', { key: 'z', value: 'z' })
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(broker.records('t')).toHaveLength(3)
  })
})

describe('what happens to a producer’s messages, seen from outside', () => {
  beforeEach(async () => {
    use(
      await createBroker({ network: 'memory', logger: silentLogger, topics: [{ name: 't', partitions: 1 }] }),
    )
  })

  test('an interceptor’s changes are stored, and it learns the offset', async () => {
    const offsets: bigint[] = []
    const sending = producer({
      interceptors: [
        { onSend: (message) => ({ ...message, headers: { ...message.headers, trace: 't-1' } }) },
        { onAcknowledgement: ({ offset }) => void offsets.push(offset) },
      ],
    })
    await sending.send('t', { value: 'v', headers: { own: 'o' } })
    expect(broker.records('t')[0]?.headers.map(({ key, value }) => [key, String(value)])).toEqual([
      ['own', 'o'],
      ['trace', 't-1'],
    ])
    expect(offsets).toEqual([0n])
  })

  test('events and metrics tell of a batch whose answer was lost: sent twice, stored once', async () => {
    const events = observe(
      'typed-kafka:producer:batch-sent',
      'typed-kafka:producer:batch-retried',
      'typed-kafka:producer:batch-acknowledged',
    )
    broker.once('Produce', (_, exchange) => exchange.close({ after: 'acting' }))
    const sending = producer()
    const receipt = await sending.send('t', { value: 'v' })
    expect(broker.records('t')).toHaveLength(1)
    expect(events.map(({ name }) => name.replace('typed-kafka:producer:batch-', ''))).toEqual([
      'sent',
      'retried',
      'sent',
      'acknowledged',
    ])
    expect(events.at(-1)?.event).toMatchObject({ baseOffset: receipt.offset, attempt: 2, topic: 't' })
    expect(sending.metrics()).toMatchObject({
      recordSendTotal: 2,
      recordRetryTotal: 1,
      recordErrorTotal: 0,
      requestTotal: 2,
      requestsInFlight: 0,
    })
  })

  test('a quota’s pause is part of the metrics', async () => {
    broker.faults.throttle('Produce', 40)
    const sending = producer()
    await sending.send('t', { value: 'v' })
    expect(sending.metrics().produceThrottleTimeMax).toBe(40)
  })

  test('events and metrics tell of transactions and how they ended', async () => {
    const events = observe(
      'typed-kafka:producer:transaction-began',
      'typed-kafka:producer:transaction-ended',
      'typed-kafka:producer:transaction-end-failed',
    )
    const sending = producer({ transactionalId: 'tx' })
    await sending.transaction(async (tx) => {
      await tx.send('t', { value: 'v' })
    })
    await sending.transaction(() => Promise.reject(new RangeError('changed my mind'))).catch(() => {})
    const tx = await sending.beginTransaction()
    broker.faults.fail('EndTxn', 'INVALID_PRODUCER_EPOCH')
    await tx.send('t', { value: 'w' })
    await tx.commit().catch(() => {})
    const of = { clientId: expect.any(String), transactionalId: 'tx' }
    const durationMs = expect.any(Number)
    expect(events.map(({ name, event }) => [name.slice(33), event])).toEqual([
      ['began', of],
      ['ended', { ...of, outcome: 'committed', durationMs }],
      ['began', of],
      ['ended', { ...of, outcome: 'aborted', durationMs }],
      ['began', of],
      ['end-failed', { ...of, call: 'commit', error: expect.anything() }],
    ])
    const metrics = sending.metrics()
    expect(metrics.txnInitTimeNsTotal).toBeGreaterThan(0)
    expect(metrics.txnCommitTimeNsTotal).toBeGreaterThan(0)
    expect(metrics.txnAbortTimeNsTotal).toBeGreaterThan(0)
  })
})

describe('compression beside the event loop', () => {
  test('keeps the order of a partition, whatever batch is done first, and loses nothing when the producer closes', async () => {
    use(
      await createBroker({ network: 'memory', logger: silentLogger, topics: [{ name: 't', partitions: 1 }] }),
    )
    const sending = producer({ compression: 'gzip' })
    // Batches of many sizes: small ones are compressed at once, the others on the thread pool.
    const sizes = Array.from({ length: 400 }, (_, i) => (i % 7 === 0 ? 60_000 : 900))
    const sent = sizes.map((length, i) => sending.send('t', { value: `${i}`.padEnd(length) }))
    await sending.close()
    const offsets = (await Promise.all(sent)).map(({ offset }) => offset)
    expect(offsets).toEqual(sizes.map((_, i) => BigInt(i)))
    expect(broker.records('t').map(({ value }) => String(value).trim())).toEqual(sizes.map((_, i) => `${i}`))
  })
})
