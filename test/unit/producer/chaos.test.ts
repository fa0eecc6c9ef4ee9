// Guards laws L7 to L11 against every mixture of faults that no single test thought of.
import type { ProducerOptions } from '../../../src/producer/producer-options'
import { ProduceError } from '../../../src/producer/produce-error'
import { seededRandom } from '../../../src/testing/simulation/seeded-random'
import { ChaosBrokers, type ChaosOptions } from './support/chaos-brokers'
import { closeAll, outcome, type Outcome, setUp } from './support/producer-setup'

afterEach(closeAll)

const partitions = 3

interface Run {
  readonly brokers: ChaosBrokers
  readonly outcomes: { partition: number; value: string; outcome: Outcome }[]
  readonly mostBuffered: number
}

/** Sends messages in random lumps to random partitions while brokers fail, then lets everything settle in calm. */
async function run(seed: number, options: ProducerOptions, chaos: ChaosOptions): Promise<Run> {
  const random = seededRandom(seed)
  const { clock, cluster, producer } = setUp(options, [])
  const brokers = new ChaosBrokers(cluster, partitions, random, chaos)
  const sent: Promise<{ partition: number; value: string; outcome: Outcome }>[] = []
  let mostBuffered = 0
  for (let step = 0; step < 150; step++) {
    for (let i = Math.floor(random() * 5); i > 0; i--) {
      const partition = Math.floor(random() * partitions)
      const value = String(sent.length).padEnd(10 + Math.floor(random() * 60), '.')
      sent.push(
        outcome(producer.send('t', { value, partition })).then((result) => ({
          partition,
          value,
          outcome: result,
        })),
      )
    }
    mostBuffered = Math.max(mostBuffered, producer.bufferedBytes)
    brokers.step()
    await clock.advance(Math.ceil(random() * 10))
  }
  brokers.calm = true
  let settled = false
  void Promise.all(sent).then(() => (settled = true))
  for (let i = 0; !settled && i < 3000; i++) {
    brokers.step()
    await clock.advance(10)
  }
  if (!settled) throw new Error(`Seed ${seed}: some calls never settled`)
  for (let i = 0; i < 20; i++) {
    brokers.step()
    await clock.advance(10)
  }
  expect({ seed, left: producer.bufferedBytes }).toEqual({ seed, left: 0 })
  expect({ seed, timers: clock.pendingTimers }).toEqual({ seed, timers: 0 })
  return { brokers, outcomes: await Promise.all(sent), mostBuffered }
}

/** Checks log against outcomes, partition by partition. */
function check(seed: number, { brokers, outcomes }: Run): { failed: number } {
  let failed = 0
  brokers.logs.forEach((log, partition) => {
    const numbers = log.values.map((value) => Number.parseInt(value, 10))
    const sorted = [...numbers].sort((a, b) => a - b)
    expect({ seed, order: numbers }).toEqual({ seed, order: sorted })
    expect({ seed, distinct: new Set(numbers).size }).toEqual({ seed, distinct: numbers.length })
    const positions = new Map(log.values.map((value, offset) => [value, BigInt(offset)]))
    for (const message of outcomes.filter((one) => one.partition === partition)) {
      const { value, outcome: result } = message
      const at = positions.get(value)
      if (typeof result === 'bigint') {
        if (result >= 0n) expect({ seed, value, at }).toEqual({ seed, value, at: result })
        else expect({ seed, value, stored: at !== undefined }).toEqual({ seed, value, stored: true })
      } else {
        failed++
        expect(result).toBeInstanceOf(ProduceError)
        if (!(result as ProduceError).maybeStored)
          expect({ seed, value, at }).toEqual({ seed, value, at: undefined })
      }
    }
  })
  return { failed }
}

const seeds = Array.from({ length: 60 }, (_, i) => i + 1)

describe('under random faults', () => {
  test('L7 L8 L11: everything is stored once, in order, and every call settles', async () => {
    for (const seed of seeds) {
      const done = await run(
        seed,
        { batchSizeBytes: 300 },
        { faultRate: 0.4, maxBatchBytes: 1e6, lateRequests: true },
      )
      expect({ seed, ...check(seed, done) }).toEqual({ seed, failed: 0 })
    }
  }, 120_000)

  test('L8 L9: with short delivery timeouts a failed message says truly whether it may be stored; no duplicates', async () => {
    let failed = 0
    for (const seed of seeds) {
      const options = { batchSizeBytes: 300, requestTimeoutMs: 50, deliveryTimeoutMs: 150 }
      const done = await run(seed, options, { faultRate: 0.7, maxBatchBytes: 1e6 })
      failed += check(seed, done).failed
    }
    expect(failed).toBeGreaterThan(100)
  }, 120_000)

  test('P9: batches that brokers find too large are split without loss', async () => {
    for (const seed of seeds) {
      const options = { batchSizeBytes: 800, compression: 'none' } as const
      const done = await run(seed, options, { faultRate: 0.2, maxBatchBytes: 250 })
      check(seed, done)
    }
  }, 120_000)

  test('L10: a small memory is never exceeded and everything still arrives', async () => {
    for (const seed of seeds.slice(0, 30)) {
      const options = { batchSizeBytes: 300, bufferMemoryBytes: 3000 }
      const done = await run(seed, options, { faultRate: 0.3, maxBatchBytes: 1e6, lateRequests: true })
      expect({ seed, ...check(seed, done) }).toEqual({ seed, failed: 0 })
      expect(done.mostBuffered).toBeLessThanOrEqual(3000)
    }
  }, 120_000)

  test('P3: without idempotence order is kept where nothing is stored twice', async () => {
    for (const seed of seeds.slice(0, 20)) {
      const done = await run(seed, { acks: 1, batchSizeBytes: 300 }, { faultRate: 0.3, maxBatchBytes: 1e6 })
      for (const log of done.brokers.logs) {
        const first = [...new Set(log.values.map((value) => Number.parseInt(value, 10)))]
        expect(first).toEqual([...first].sort((a, b) => a - b))
      }
    }
  }, 120_000)
})
