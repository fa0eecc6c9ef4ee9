// Guards the reason for which partitions exist, where they share something: one that is held up with all the memory it can
// get, or whose broker does not answer, must cost the others nothing. Time is virtual, so that what is measured is exact.
import { Kafka, type Consumer, type Message } from '../../src'
import { simulate, type Simulation } from '../../src/testing'

const partitions = 4
const tickMs = 250
const durationMs = 13_000
const heldFrom = 3_000
const heldForMs = 8_000
const held = { topic: 't', partition: 0 }

type Work = (message: Message) => Promise<void>

/** A way to read, and how a user of it is held up with one partition alone. */
interface Way {
  readonly heldBy: 'handler' | 'pause'
  readonly run: (consumer: Consumer, work: Work, signal: AbortSignal, sim: Simulation) => Promise<void>
}

const concurrency = 2

const ways: Record<string, Way> = {
  'run, order partition': {
    heldBy: 'handler',
    run: (consumer, work, signal) => consumer.run(work, { concurrency, signal }),
  },
  'run, order key': {
    heldBy: 'handler',
    run: (consumer, work, signal) => consumer.run(work, { order: 'key', concurrency, signal }),
  },
  'run, order none': {
    heldBy: 'handler',
    run: (consumer, work, signal) => consumer.run(work, { order: 'none', concurrency: 300, signal }),
  },
  runBatches: {
    heldBy: 'handler',
    run: (consumer, work, signal) =>
      consumer.runBatches((batch) => allOf(batch, work), { concurrency, signal }),
  },
  'for await': {
    heldBy: 'pause',
    run: async (consumer, work, signal) => {
      signal.addEventListener('abort', () => void consumer.stop())
      for await (const message of consumer) await work(message)
    },
  },
  'a stream of Node': {
    heldBy: 'pause',
    run: async (consumer, work, signal) => {
      signal.addEventListener('abort', () => void consumer.stop())
      for await (const message of consumer.readable()) await work(message as Message)
    },
  },
  processTransactionally: {
    heldBy: 'pause',
    run: async (consumer, work, signal, sim) => {
      const producer = new Kafka(sim.clientOptions()).producer({ transactionalId: 'tx' })
      await consumer.processTransactionally(producer, (batch) => allOf(batch, work), { signal })
      await producer.close()
    },
  },
}

async function allOf(messages: Iterable<Message>, work: Work): Promise<void> {
  for (const message of messages) await work(message)
}

/** What the held partition gets while the others get small messages; `isHeldNext` when it is held up with this. */
type Load = (isHeldNext: boolean) => readonly (string | Buffer)[]

const small = ['small']

const loads: Record<string, Load> = {
  'more messages than the memory holds': () => Array.from({ length: 20 }, () => Buffer.alloc(5000)),
  'a batch that fills the memory when it is decompressed': (isHeldNext) =>
    isHeldNext ? Array.from({ length: 104 }, () => Buffer.alloc(10_000)) : small,
  'a message that is larger than the memory': (isHeldNext) =>
    isHeldNext ? [Buffer.alloc(1_500_000, String(Math.PI))] : small,
}

interface Measured {
  /** Of each partition: how many were handled, and the longest time from sending to handling. */
  readonly delays: { count: number; longestMs: number }[]
  readonly mostBuffered: number
}

async function measure(way: Way, load: Load, compression: 'none' | 'lz4'): Promise<Measured> {
  return await simulate(
    12,
    async (sim) => {
      sim.cluster.createTopic('t', { partitions, configs: { 'max.message.bytes': '4000000' } })
      const kafka = new Kafka(sim.clientOptions())
      const consumer = kafka.consumer({
        groupId: 'g',
        topics: ['t'],
        startFrom: 'earliest',
        isolationLevel: 'read_committed',
        fetchMemoryBytes: 1_048_576,
      })
      const producer = kafka.producer({
        compression,
        batchSizeBytes: 2_000_000,
        maxRequestSizeBytes: 4_000_000,
      })
      const delays = Array.from({ length: partitions }, () => ({ count: 0, longestMs: 0 }))
      let mostBuffered = 0
      let isHeld = false
      const hold = async () => {
        isHeld = true
        if (way.heldBy === 'handler') return await sim.sleep(heldForMs)
        consumer.pause([held])
        void sim.sleep(heldForMs).then(() => consumer.resume([held]))
      }
      const work = async (message: Message) => {
        if (message.partition === 0 && !isHeld && sim.now >= heldFrom) await hold()
        const of = delays[message.partition] as { count: number; longestMs: number }
        of.count++
        of.longestMs = Math.max(of.longestMs, sim.now - message.timestamp)
      }
      const done = new AbortController()
      await consumer.connect()
      const running = way.run(consumer, work, done.signal, sim)
      for (let tick = 0; sim.now < durationMs; tick++) {
        const timestamp = sim.now
        const loud = load(tick === heldFrom / tickMs).map((value) => ({
          partition: 0,
          key: 'k',
          value,
          timestamp,
        }))
        void producer.send('t', loud)
        for (let partition = 1; partition < partitions; partition++)
          void producer.send('t', { key: `${tick % 5}`, value: 'x', partition, timestamp })
        await sim.sleep(tickMs)
        mostBuffered = Math.max(mostBuffered, consumer.metrics().bufferedBytes)
      }
      await producer.flush()
      await sim.sleep(5_000)
      done.abort()
      await running
      await consumer.close()
      await producer.close()
      return { delays, mostBuffered }
    },
    { brokers: 3 },
  )
}

describe.each(Object.keys(ways))('L17 F10: %s', (name) => {
  it.each(Object.keys(loads))(
    'a partition that is held up with %s costs the others nothing',
    async (what) => {
      const load = loads[what] as Load
      const { delays, mostBuffered } = await measure(
        ways[name] as Way,
        load,
        what.includes('decompressed') ? 'lz4' : 'none',
      )
      const [first, ...others] = delays
      expect(first?.longestMs).toBeGreaterThan(heldForMs - 2 * tickMs)
      for (const { longestMs, count } of others) {
        expect(longestMs).toBeLessThan(100)
        expect(count).toBe(durationMs / tickMs)
      }
      expect(mostBuffered).toBeLessThan(2 * 1_048_576)
    },
    20_000,
  )
})
