// Guards what operators see of a producer: figures and events must tell what happened, no more and no less. And the guide
// to what is seen of all clients, which must name what there is.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { channel } from 'node:diagnostics_channel'
import { Kafka } from '../../../src'
import { type DiagnosticsName, onDiagnostics } from '../../../src/base/diagnostics'
import { settle } from '../support/fake-clock'
import { rejectionOf } from '../../support/rejection'
import { closeAll, setUp } from './support/producer-setup'

const subscriptions: (() => void)[] = []
const names = ['sent', 'acknowledged', 'retried', 'failed'].map(
  (what) => `typed-kafka:producer:batch-${what}` as const,
) as Extract<DiagnosticsName, `typed-kafka:producer:batch-${string}`>[]

function observe() {
  const events: { name: string; [field: string]: unknown }[] = []
  for (const name of names) {
    subscriptions.push(
      onDiagnostics(name, (event) =>
        events.push({ name: name.replace('typed-kafka:producer:batch-', ''), ...event }),
      ),
    )
  }
  return events
}

afterEach(async () => {
  await closeAll()
  for (const end of subscriptions.splice(0)) end()
})

describe('metrics of a producer', () => {
  test('are all there and 0 before anything was sent', () => {
    const { producer } = setUp({ bufferMemoryBytes: 5000 })
    const { topics, bufferTotalBytes, bufferAvailableBytes, ...rest } = producer.metrics()
    expect([topics, bufferTotalBytes, bufferAvailableBytes]).toEqual([{}, 5000, 5000])
    expect(Object.keys(rest)).toHaveLength(29)
    expect(new Set(Object.values(rest))).toEqual(new Set([0]))
  })

  test('count messages, bytes, requests and the times they took', async () => {
    const { cluster, clock, producer } = setUp({}, [1, 1])
    const sent = producer.send('t', [
      { value: 'a', partition: 0 },
      { value: 'b', partition: 0 },
      { value: 'c', partition: 1 },
    ])
    await settle()
    expect(producer.metrics().requestsInFlight).toBe(1)
    expect(producer.metrics().bufferAvailableBytes).toBeLessThan(producer.metrics().bufferTotalBytes)
    await clock.advance(20)
    const bytes = cluster.next.batches.map(({ batch }) => batch.sizeInBytes)
    cluster.next.answer()
    await sent
    const metrics = producer.metrics()
    expect(metrics).toMatchObject({
      recordSendTotal: 3,
      recordSendRate: 3,
      recordErrorTotal: 0,
      recordRetryTotal: 0,
      byteTotal: (bytes[0] ?? 0) + (bytes[1] ?? 0),
      batchSizeMax: Math.max(...bytes),
      compressionRateAvg: 1,
      recordsPerRequestAvg: 3,
      requestTotal: 1,
      requestLatencyAvg: 20,
      requestLatencyMax: 20,
      requestsInFlight: 0,
    })
    expect(metrics.bufferAvailableBytes).toBe(metrics.bufferTotalBytes)
    expect(metrics.topics).toEqual({
      t: {
        recordSendTotal: 3,
        recordRetryTotal: 0,
        recordErrorTotal: 0,
        byteTotal: metrics.byteTotal,
        compressionRate: 1,
      },
    })
  })

  test('tell how long batches wait for their linger', async () => {
    const { cluster, clock, producer } = setUp({ lingerMs: 10 })
    const sent = producer.send('t', { value: 'a' })
    await clock.advance(10)
    cluster.next.answer()
    await sent
    expect(producer.metrics()).toMatchObject({ recordQueueTimeAvg: 10, recordQueueTimeMax: 10 })
  })

  test('tell retries, splits and failures apart', async () => {
    const { cluster, clock, producer } = setUp({ deliveryTimeoutMs: 5000, requestTimeoutMs: 1000 })
    const sent = producer.send('t', [{ value: 'a' }, { value: 'b' }])
    await settle()
    cluster.next.answer({ errorCode: 19 })
    await clock.advance(200)
    expect(producer.metrics()).toMatchObject({ recordRetryTotal: 2, recordSendTotal: 4 })
    cluster.next.answer({ errorCode: 10 })
    await settle()
    expect(producer.metrics().batchSplitTotal).toBe(1)
    while (cluster.pending.length > 0) {
      for (const produce of cluster.pending) produce.answer()
      await clock.advance(200)
    }
    await sent
    const refused = rejectionOf(producer.send('t', { value: 'c' }))
    await settle()
    cluster.next.answer({ errorCode: 29 })
    await refused
    expect(producer.metrics()).toMatchObject({ recordErrorTotal: 1, recordRetryTotal: 2 })
    expect(producer.metrics().topics['t']).toMatchObject({ recordErrorTotal: 1, recordRetryTotal: 2 })
  })

  test('show compression as it worked', async () => {
    const { cluster, producer } = setUp({ compression: 'gzip' })
    const sent = producer.send('t', { value: 'x'.repeat(10_000) })
    await settle()
    cluster.next.answer()
    await sent
    expect(producer.metrics().compressionRateAvg).toBeLessThan(0.05)
    expect(producer.metrics().topics['t']?.compressionRate).toBeLessThan(0.05)
  })

  test('count calls that wait, and those that found no memory in time', async () => {
    const { clock, producer } = setUp({ bufferMemoryBytes: 2500, batchSizeBytes: 1000, maxBlockMs: 50 })
    const value = 'x'.repeat(900)
    const sent = [1, 2, 3, 4].map(() => rejectionOf(producer.send('t', { value })))
    expect(producer.metrics().waitingCalls).toBe(2)
    await clock.advance(50)
    expect(producer.metrics()).toMatchObject({ waitingCalls: 0, bufferExhaustedTotal: 2 })
    await producer.close({ timeoutMs: 0 })
    await Promise.all(sent)
  })

  test('add up the time of flushes', async () => {
    const { clock, cluster, producer } = setUp()
    const sent = producer.send('t', { value: 'v' })
    const flushed = producer.flush()
    await clock.advance(25)
    cluster.next.answer()
    await Promise.all([sent, flushed])
    expect(producer.metrics().flushTimeNsTotal).toBe(25_000_000)
  })
})

describe('events of a producer', () => {
  test('follow a batch from its first request through a retry into the log', async () => {
    const events = observe()
    const { cluster, clock, producer } = setUp({ lingerMs: 5 })
    const sent = producer.send('t', [{ value: 'a' }, { value: 'b' }])
    await clock.advance(5)
    cluster.next.answer({ errorCode: 7 })
    await clock.advance(200)
    cluster.next.answer({ baseOffset: 9n })
    await sent
    const batch = { clientId: 'test', topic: 't', partition: 0, recordCount: 2, nodeId: 1 }
    expect(events).toEqual([
      { name: 'sent', ...batch, attempt: 1, queueTimeMs: 5, byteLength: expect.any(Number) },
      {
        name: 'retried',
        ...batch,
        attempt: 1,
        action: 'retry',
        error: expect.anything(),
        byteLength: expect.any(Number),
      },
      { name: 'sent', ...batch, attempt: 2, queueTimeMs: expect.any(Number), byteLength: expect.any(Number) },
      {
        name: 'acknowledged',
        ...batch,
        attempt: 2,
        baseOffset: 9n,
        latencyMs: expect.any(Number),
        byteLength: expect.any(Number),
      },
    ])
    expect(events[1]?.['error']).toMatchObject({ code: 'REQUEST_TIMED_OUT' })
  })

  test('tell of a batch that was given up, sent or not, and of one that was split', async () => {
    const events = observe()
    const { cluster, producer } = setUp({}, [1, -1])
    const refused = rejectionOf(producer.send('t', { value: 'a', partition: 0 }))
    const leaderless = rejectionOf(producer.send('t', { value: 'b', partition: 1 }))
    await settle()
    cluster.next.answer({ errorCode: 29 })
    await refused
    const split = rejectionOf(
      producer.send(
        't',
        [0, 0].map((partition) => ({ value: 'c', partition })),
      ),
    )
    await settle()
    cluster.next.answer({ errorCode: 10 })
    await producer.close({ timeoutMs: 0 })
    await Promise.all([leaderless, split])
    expect(
      events.filter(({ name }) => name === 'failed').map(({ attempt, error }) => [attempt, error]),
    ).toEqual([
      [1, expect.objectContaining({ code: 'TOPIC_AUTHORIZATION_FAILED' })],
      [0, expect.objectContaining({ code: 'CLOSED' })],
      [0, expect.objectContaining({ code: 'CLOSED' })],
      [0, expect.objectContaining({ code: 'CLOSED' })],
    ])
    expect(events.filter(({ name }) => name === 'retried')).toMatchObject([
      { action: 'split', recordCount: 2 },
    ])
  })

  test('are not even made while nobody has subscribed', async () => {
    const channels = names.map((name) => channel(name))
    const published = channels.map((one) => jest.spyOn(one, 'publish'))
    const { cluster, producer } = setUp()
    const sent = producer.send('t', { value: 'a' })
    await settle()
    cluster.next.answer()
    await sent
    for (const publish of published) expect(publish).not.toHaveBeenCalled()
    expect(channels.map((one) => one.hasSubscribers)).toEqual([false, false, false, false])
    jest.restoreAllMocks()
  })
})

describe('the guide', () => {
  const read = (path: string) => readFileSync(join(__dirname, '../../..', path), 'utf8')
  const guide = read('docs/monitoring.md')
  const section = (title: string) => guide.split(/\n##+ /).filter((one) => one.startsWith(title))

  test('names every metric of a producer', () => {
    const { topics: _, ...metrics } = setUp().producer.metrics()
    const [, ofProducer = ''] = guide.split('\n### Of a producer')
    const named = [...(ofProducer.split('\n## ')[0] ?? '').matchAll(/`(\w+)`/g)].map((match) => match[1])
    for (const name of Object.keys(metrics)) expect(named).toContain(name)
  })

  test('names every metric of a share consumer', () => {
    const consumer = new Kafka({ brokers: ['localhost:9092'] }).shareConsumer({ groupId: 'g', topics: ['t'] })
    const { topics: _, ...metrics } = consumer.metrics()
    const named = new Set(section('Of a share consumer').flatMap((one) => one.match(/\w+/g)))
    for (const name of Object.keys(metrics)) expect([...named]).toContain(name)
  })

  test.each(['producer', 'consumer', 'share-consumer'])(
    'names every event of a %s, and no other',
    (client) => {
      const files = ['diagnostics', 'consumer-diagnostics', 'failure-diagnostics', 'share-diagnostics']
      const source = files.map((file) => read(`src/base/${file}.ts`)).join()
      const names = [...source.matchAll(new RegExp(`^ {2}'(typed-kafka:${client}:[\\w-]+)'`, 'gm'))]
      const cells = section(`Of ${client.replace('-', ' ')}s`).flatMap(
        (one) => one.match(/^\| `[^|]+/gm) ?? [],
      )
      // `:name` stands for the name of another event of the same client.
      const named = cells.flatMap((cell) =>
        [...cell.matchAll(/`[\w:-]*(:[\w-]+)`/g)].map((match) => match[1]),
      )
      expect(names.length).toBeGreaterThan(5)
      expect(named.map((name) => `typed-kafka:${client}${name}`).sort()).toEqual(
        names.map((match) => match[1]).sort(),
      )
    },
  )
})
