// Guards against costs that grow with the number of partitions or consumers, and against partitions that are forgotten
// among many.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createCluster, type TestCluster } from '../../src/testing'
import { until } from './support/case-runner'
import type { IdleReport } from './support/idle-consumers'

const partitions = 2000
const rounds = 3

let cluster: TestCluster
afterEach(async () => {
  expect(cluster.failures).toEqual([])
  await cluster.close()
})

/** A message to each partition in each round. */
async function feed(kafka: Kafka, from = 0, to = rounds): Promise<void> {
  await using producer = kafka.producer()
  const sent: Promise<unknown>[] = []
  for (let round = from; round < to; round++) {
    for (let partition = 0; partition < partitions; partition++)
      sent.push(producer.send('t', { partition, value: String(round) }))
  }
  await Promise.all(sent)
}

test.each(['classic', 'consumer'] as const)(
  'C11 L17 G5: one consumer reads 2,000 partitions in order, with the positions of all, while one of them is stuck (%s)',
  async (groupProtocol) => {
    cluster = await createCluster({
      brokers: 3,
      network: 'memory',
      logger: silentLogger,
      requestLogSize: 0,
      topics: [{ name: 't', partitions }],
    })
    const kafka = new Kafka({ ...cluster.clientOptions(), logger: silentLogger })
    await feed(kafka)
    const options = { groupProtocol, groupId: 'g', topics: ['t'], startFrom: 'earliest' } as const
    const consumer = kafka.consumer({ ...options, autoCommitIntervalMs: 100 })
    const seen = Array.from({ length: partitions }, () => '')
    let release = () => {}
    const stuck = new Promise<void>((resolve) => (release = resolve))
    const run = consumer.run(
      ({ partition, rawValue }) => {
        seen[partition] += String(rawValue)
        return partition === 700 ? stuck : undefined
      },
      { concurrency: 2 },
    )
    const othersHave = (text: string) => seen.every((all, partition) => partition === 700 || all === text)

    await until(() => othersHave('012'), 'all but one are read', 20_000)
    expect(consumer.assignment()).toHaveLength(partitions)
    expect(seen[700]).toBe('0')
    // What comes later is read no less for the one that is stuck, and no less quickly.
    await feed(kafka, rounds, rounds + 1)
    const startedAt = performance.now()
    await until(() => othersHave('0123'), 'all but one are read on', 20_000)
    expect(performance.now() - startedAt).toBeLessThan(2000)
    expect(seen[700]).toBe('0')
    release()
    await until(() => seen[700] === '0123', 'the last one is read')

    for (const { partition } of consumer.assignment()) {
      expect(consumer.position({ topic: 't', partition })).toBe(4n)
    }
    expect(consumer.lag().map(({ lag }) => lag)).toEqual(Array.from({ length: partitions }, () => 0n))
    await consumer.close()
    await run
    const offsets = cluster.group('g')?.offsets ?? []
    expect(offsets).toHaveLength(partitions)
    expect(new Set(offsets.map(({ offset }) => offset))).toEqual(new Set([4n]))
  },
  60_000,
)

test('L23: a hundred consumers without work take less than 2 % of a core, and less than 1 MB each', async () => {
  cluster = await createCluster({
    logger: silentLogger,
    requestLogSize: 0,
    topics: [{ name: 't', partitions: 4 }],
  })
  const script = join(__dirname, 'support/idle-consumers.ts')
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', script, cluster.bootstrap[0] as string, 't', '100', '2'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    expect(code).toBe(0)
  } finally {
    child.kill()
  }
  const report = JSON.parse(output) as IdleReport
  expect(report.partitions).toBe(400)
  expect(report.cpuPercent).toBeLessThan(2)
  expect(report.bytesPerConsumer).toBeLessThan(1_000_000)
}, 60_000)
