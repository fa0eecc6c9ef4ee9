// Guards what partitions share, brokers, turns and memory, against those of them that want more than their part.
import { randomBytes } from 'node:crypto'
import { Kafka, type Consumer, type Message } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createCluster, simulate, type Simulation } from '../../src/testing'

const mebibyte = 1024 * 1024

/** How long messages took from sending to handling at most, by partition, and how many were handled. */
class Delays {
  readonly count: number[]
  readonly longestMs: number[]
  readonly #now: () => number

  constructor(partitions: number, now: () => number) {
    this.count = Array.from({ length: partitions }, () => 0)
    this.longestMs = Array.from({ length: partitions }, () => 0)
    this.#now = now
  }

  note({ partition, timestamp }: Message): void {
    this.count[partition] = (this.count[partition] ?? 0) + 1
    this.longestMs[partition] = Math.max(this.longestMs[partition] ?? 0, this.#now() - timestamp)
  }
}

const held: Record<
  string,
  { begin: (sim: Simulation, broker: number) => void; end: (sim: Simulation, broker: number) => void }
> = {
  'does not answer': {
    begin: (sim, broker) => sim.cluster.pauseBroker(broker),
    end: (sim, broker) => sim.cluster.resumeBroker(broker),
  },
  'takes five seconds for each answer': {
    begin: (sim, broker) => sim.cluster.shapeConnections({ toClient: { latencyMs: 5000 } }, broker),
    end: (sim, broker) => sim.cluster.shapeConnections(undefined, broker),
  },
}

test.each(Object.keys(held))(
  'L17 L20: a broker that %s for a minute holds up its own partitions alone, and these catch up',
  async (what) => {
    const { begin, end } = held[what] as (typeof held)[string]
    await simulate(
      21,
      async (sim) => {
        sim.cluster.createTopic('t', { partitions: 3, replicationFactor: 1 })
        const kafka = new Kafka(sim.clientOptions())
        const feeder = new Kafka(sim.clientOptions())
        const consumer = kafka.consumer({ assign: ['t'], startFrom: 'earliest' })
        const producers = [0, 1, 2].map(() => feeder.producer({ deliveryTimeoutMs: 300_000 }))
        const delays = new Delays(3, () => sim.now)
        const run = consumer.run((message) => delays.note(message))
        const slow = sim.cluster.partition('t', 0).leaderId
        for (let tick = 0; tick < 320; tick++) {
          if (tick === 12) begin(sim, slow)
          if (tick === 252) end(sim, slow)
          producers.forEach((producer, partition) => {
            void producer.send('t', { partition, value: 'x', timestamp: sim.now })
          })
          await sim.sleep(250)
        }
        await sim.sleep(20_000)
        expect(delays.count).toEqual([320, 320, 320])
        expect(delays.longestMs[0]).toBeGreaterThan(4000)
        for (const longestMs of delays.longestMs.slice(1)) expect(longestMs).toBeLessThan(200)
        await consumer.close()
        await run
        await Promise.all(producers.map((producer) => producer.close()))
      },
      { brokers: 3 },
    )
  },
  20_000,
)

test('L17 C11: a partition with a backlog and 99 with a message now and then: none waits for the backlog', async () => {
  await simulate(22, async (sim) => {
    const partitions = 100
    sim.cluster.createTopic('t', { partitions })
    const kafka = new Kafka(sim.clientOptions())
    await using producer = kafka.producer()
    const backlog = Array.from({ length: 12_000 }, () => ({ partition: 0, value: 'x'.repeat(100) }))
    await producer.send('t', backlog)
    await using consumer = kafka.consumer({ groupId: 'g', topics: ['t'], startFrom: 'earliest' })
    const delays = new Delays(partitions, () => sim.now)
    const done = new AbortController()
    const running = consumer.run(
      async (message) => {
        await sim.sleep(1)
        delays.note(message)
      },
      { signal: done.signal },
    )
    const startedAt = sim.now
    for (let second = 0; second < 10; second++) {
      for (let partition = 1; partition < partitions; partition++)
        void producer.send('t', { partition, value: 'x', timestamp: sim.now })
      await sim.sleep(1000)
    }
    // 99 a second of the quiet ones; the rest of the time is for the backlog.
    const backlogged = delays.count[0] ?? 0
    expect(backlogged).toBeLessThan(backlog.length)
    expect(backlogged).toBeGreaterThan((sim.now - startedAt) * 0.75)
    // One slice of the backlog, and those of the others that came before.
    expect(Math.max(...delays.longestMs.slice(1))).toBeLessThan(256 + 99 + 200)
    done.abort()
    await running
  })
}, 20_000)

const ways: Record<
  string,
  {
    readonly open: number
    readonly run: (
      consumer: Consumer,
      work: (message: Message) => Promise<void>,
      signal: AbortSignal,
    ) => Promise<void>
  }
> = {
  'one after another': { open: 1, run: (consumer, work, signal) => consumer.run(work, { signal }) },
  'four partitions at a time': {
    open: 4,
    run: (consumer, work, signal) => consumer.run(work, { concurrency: 4, signal }),
  },
  'eight messages at a time': {
    open: 8,
    run: (consumer, work, signal) => consumer.run(work, { concurrency: 8, order: 'none', signal }),
  },
}

test.each(Object.keys(ways))(
  'L17 F10: messages that grow from 4 KB to 1 MB when decompressed stay within the memory given, but for those in handlers (%s)',
  async (name) => {
    const { open, run } = ways[name] as (typeof ways)[string]
    await simulate(23, async (sim) => {
      const partitions = 50
      const rounds = 2
      const limitBytes = 4 * mebibyte
      sim.cluster.createTopic('t', { partitions })
      const kafka = new Kafka(sim.clientOptions())
      await using producer = kafka.producer({
        compression: 'lz4',
        maxRequestSizeBytes: 2 * mebibyte,
        batchSizeBytes: mebibyte,
      })
      const value = Buffer.alloc(1_000_000)
      for (let round = 0; round < rounds; round++) {
        for (let partition = 0; partition < partitions; partition++)
          await producer.send('t', { partition, value })
      }
      await using consumer = kafka.consumer({
        groupId: 'g',
        topics: ['t'],
        startFrom: 'earliest',
        fetchMemoryBytes: limitBytes,
      })
      let handled = 0
      let mostBuffered = 0
      const done = new AbortController()
      const running = run(
        consumer,
        async ({ rawValue }) => {
          if (rawValue?.length === value.length) handled++
          mostBuffered = Math.max(mostBuffered, consumer.metrics().bufferedBytes)
          await sim.sleep(5)
        },
        done.signal,
      )
      while (handled < rounds * partitions) await sim.sleep(10)
      done.abort()
      await running
      expect(mostBuffered).toBeGreaterThan(mebibyte / 2)
      expect(mostBuffered).toBeLessThan(limitBytes + (open + 1) * mebibyte)
      expect(consumer.metrics().bufferedBytes).toBeLessThan(limitBytes)
    })
  },
  20_000,
)

test.each(['lz4', 'gzip'] as const)(
  'L17 F10: batches of many messages that grow when decompressed (%s) are finished before others are opened',
  async (compression) => {
    const partitions = 50
    const limitBytes = 2 * mebibyte
    await using cluster = await createCluster({
      network: 'memory',
      logger: silentLogger,
      topics: [{ name: 't', partitions }],
    })
    const kafka = new Kafka({ ...cluster.clientOptions(), logger: silentLogger })
    await using producer = kafka.producer({ compression, batchSizeBytes: mebibyte })
    // What gzip can halve at best is large enough to be decompressed beside the event loop.
    const value = () => (compression === 'gzip' ? randomBytes(500).toString('hex') : Buffer.alloc(1000))
    for (let partition = 0; partition < partitions; partition++)
      await producer.send(
        't',
        Array.from({ length: 1000 }, () => ({ partition, value: value() })),
      )
    await using consumer = kafka.consumer({
      assign: ['t'],
      until: 'end',
      fetchMemoryBytes: limitBytes,
    })
    let handled = 0
    let mostBuffered = 0
    await consumer.run(() => {
      if (handled++ % 50 === 0) mostBuffered = Math.max(mostBuffered, consumer.metrics().bufferedBytes)
    })
    expect(handled).toBe(partitions * 1000)
    // Batches that are larger than their partition's share come all the same, and up to four are opened at a time.
    expect(mostBuffered).toBeLessThan(2 * limitBytes + 5 * mebibyte)
  },
  20_000,
)
