// Guards the producer's bounds: many partitions, many calls and long streams must cost neither order nor memory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type TestCluster } from '../../src/testing'
import { storedValues } from './support/committed-view'
import type { StreamReport } from './support/stream-child'

const mebibyte = 1024 * 1024
/** The long form is `STREAM_MEGABYTES=1024`. */
const streamMegabytes = Number(process.env['STREAM_MEGABYTES'] ?? 256)

let broker: TestCluster
afterEach(async () => {
  expect(broker.failures).toEqual([])
  await broker.close()
})

test('P1 L10: 200 topics of 50 partitions each get their messages in order, within the memory given', async () => {
  const topics = Array.from({ length: 200 }, (_, i) => ({ name: `t${i}`, partitions: 50 }))
  broker = await createBroker({ network: 'memory', logger: silentLogger, topics })
  const kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger })
  const producer = kafka.producer({ bufferMemoryBytes: 16 * mebibyte })
  const heapBefore = process.memoryUsage().heapUsed
  const sent: Promise<unknown>[] = []
  let mostBuffered = 0
  for (let round = 0; round < 3; round++) {
    for (const { name, partitions } of topics) {
      for (let partition = 0; partition < partitions; partition++) {
        sent.push(producer.send(name, { partition, value: String(round) }))
      }
      mostBuffered = Math.max(mostBuffered, producer.bufferedBytes)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(sent)
  expect(mostBuffered).toBeLessThanOrEqual(16 * mebibyte)
  expect(producer.bufferedBytes).toBe(0)
  expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(400 * mebibyte)
  for (const { name, partitions } of topics) {
    for (let partition = 0; partition < partitions; partition++) {
      const values = storedValues(broker, name, partition).join('')
      if (values !== '012') throw new Error(`${name}-${partition} holds ${values}`)
    }
  }
  await producer.close()
}, 60_000)

test('P2 P19 R15: ten thousand calls at once settle once each, in the order of each partition, with an offset of its own', async () => {
  broker = await createBroker({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't', partitions: 12 }],
  })
  const kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger })
  const producer = kafka.producer()
  const settled: { partition: number; offset: bigint; value: string }[] = []
  await Promise.all(
    Array.from({ length: 10_000 }, async (_, i) => {
      const value = String(i)
      const { partition, offset } = await producer.send('t', { key: `key-${i % 97}`, value })
      settled.push({ partition, offset, value })
    }),
  )
  expect(settled).toHaveLength(10_000)
  for (let partition = 0; partition < 12; partition++) {
    const own = settled.filter((one) => one.partition === partition)
    expect(own.map(({ offset }) => Number(offset))).toEqual(own.map((_, i) => i))
    expect(storedValues(broker, 't', partition)).toEqual(own.map(({ value }) => value))
    const numbers = own.map(({ value }) => Number(value))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  }
  expect(producer.bufferedBytes).toBe(0)
  await producer.close()
}, 60_000)

test(`L10 R16: a stream of ${streamMegabytes} MB through a buffer of 16 MiB grows its process by less than 200 MB`, async () => {
  const configs = { 'retention.bytes': '2097152', 'segment.bytes': '1048576' }
  broker = await createBroker({
    logger: silentLogger,
    requestLogSize: 0,
    topics: [{ name: 't', partitions: 4, configs }],
  })
  const cleaning = setInterval(() => broker.cleanLogs(), 20)
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', join(__dirname, 'support/stream-child.ts')],
      ...[broker.bootstrap[0] as string, 't', String(streamMegabytes), String(16 * mebibyte)],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    expect(code).toBe(0)
  } finally {
    clearInterval(cleaning)
    child.kill()
  }
  const report = JSON.parse(output) as StreamReport
  expect(report.messages).toBe(streamMegabytes * 1024)
  expect(report.waitedForMemory).toBe(true)
  expect(report.peakBufferedBytes).toBeLessThanOrEqual(16 * mebibyte)
  // 107 to 132 MB on a quiet machine, 157 beside other tests: slabs wait longer for a collection there.
  expect(report.peakRssBytes - report.startRssBytes).toBeLessThan(200 * 1_000_000)
  let next = 0n
  for (let partition = 0; partition < 4; partition++) next += broker.partition('t', partition).logEndOffset
  expect(Number(next)).toBe(report.messages + 1)
}, 300_000)
