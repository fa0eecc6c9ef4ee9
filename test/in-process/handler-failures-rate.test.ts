// Guards the reason for which partitions exist: one whose handler hangs, or whose message is retried for a minute, must cost
// the others nothing. Time is virtual, so that a minute is a minute and what is measured is exact.
import { Kafka, type Message } from '../../src'
import { simulate, type Simulation } from '../../src/testing'

const partitions = 3
const perSecond = 2
const durationMs = 70_000
const blockedFrom = 3_000
const blockedForMs = 60_000

type Work = (message: Message) => Promise<void>
type Run = (consumer: ReturnType<Kafka['consumer']>, work: Work, signal: AbortSignal) => Promise<void>

const onError = { retries: Infinity, retryBackoffMs: 100, retryBackoffMaxMs: 5000 } as const

const ways: Record<string, Run> = {
  'order partition': (consumer, work, signal) => consumer.run(work, { concurrency: 2, onError, signal }),
  'order key': (consumer, work, signal) =>
    consumer.run(work, { order: 'key', concurrency: 2, onError, signal }),
  'order none': (consumer, work, signal) =>
    consumer.run(work, { order: 'none', concurrency: 2, onError, signal }),
  batches: (consumer, work, signal) =>
    consumer.runBatches(
      async (batch, { finish }) => {
        for (const message of batch) {
          await work(message)
          finish(message)
        }
      },
      { concurrency: 2, onError, signal },
    ),
}

/** Sends to every partition at a steady rate. */
async function feed(sim: Simulation, producer: ReturnType<Kafka['producer']>): Promise<void> {
  for (let sent = 0; sim.now < durationMs; sent++) {
    for (let partition = 0; partition < partitions; partition++) {
      void producer.send('t', { key: `${sent % 5}`, value: String(sim.now), partition })
    }
    await sim.sleep(1000 / perSecond)
  }
  await producer.flush()
}

/** The longest time from a message's sending to its handling, of each partition, and how many were handled. */
async function measure(run: Run, block: (sim: Simulation, message: Message) => Promise<void>) {
  return await simulate(
    11,
    async (sim) => {
      sim.cluster.createTopic('t', { partitions })
      const kafka = new Kafka(sim.clientOptions())
      const consumer = kafka.consumer({ groupId: 'g', topics: ['t'], startFrom: 'earliest' })
      const producer = kafka.producer()
      const delays = Array.from({ length: partitions }, () => ({ count: 0, longestMs: 0 }))
      const done = new AbortController()
      const work = async (message: Message) => {
        if (message.partition === 0) await block(sim, message)
        const of = delays[message.partition] as { count: number; longestMs: number }
        of.count++
        of.longestMs = Math.max(of.longestMs, sim.now - Number(String(message.rawValue)))
      }
      await consumer.connect()
      const running = run(consumer, work, done.signal)
      await feed(sim, producer)
      await sim.sleep(10_000)
      done.abort()
      await running
      await consumer.close()
      await producer.close()
      const committed = sim.cluster.group('g')?.offsets
      return { delays, committed }
    },
    { brokers: 3 },
  )
}

describe.each(Object.keys(ways))('%s', (name) => {
  const run = ways[name] as Run
  const expected = (durationMs / 1000) * perSecond

  it.each([
    [
      'L17: a handler that is blocked for 60 s',
      async (sim: Simulation) => {
        if (sim.now >= blockedFrom && sim.now < blockedFrom + 500) await sim.sleep(blockedForMs)
      },
    ],
    [
      'L17: a message that fails for 60 s',
      (sim: Simulation) =>
        sim.now >= blockedFrom && sim.now < blockedFrom + blockedForMs
          ? Promise.reject(new Error('the service is down'))
          : Promise.resolve(),
    ],
  ])('%s holds up its partition alone, and that one catches up', async (_what, block) => {
    const { delays } = await measure(run, block)
    const [blocked, ...others] = delays
    expect(blocked?.longestMs).toBeGreaterThan(50_000)
    for (const { longestMs } of others) expect(longestMs).toBeLessThan(200)
    for (const { count } of delays) expect(count).toBeGreaterThanOrEqual(expected)
  })
})
