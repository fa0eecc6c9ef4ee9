// Guards the migration guides: each block of our code, and of KafkaJS's, is part of a program that is compiled, and run here
// before and after the step, with the same outcome in the cluster.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { Kafka as Native } from 'typed-kafka'
import { Kafka, logLevel } from 'typed-kafka/kafkajs'
import { silentLogger } from '../../src/base/logger'
import { resolveClusterOptions } from '../../src/cluster/cluster-options'
import { createBroker, type TestCluster } from '../../src/testing'
import * as before from './guides/kafkajs-steps'
import * as after from './guides/native-steps'
import * as peer from './guides/peer-steps'
import type { Saved, Step, StepTools } from './guides/step'
import { until } from './support/case-runner'

const docs = join(__dirname, '../../docs')

/** As text is compared: without the white space and the commas that formatters choose. */
const plain = (code: string): string =>
  code
    .replace(/\s+/g, ' ')
    .replace(/,? ([)\]}])/g, '$1')
    .replace(/([([{]) /g, '$1')
    .trim()

/** The parts of a file of programs that a guide shows, by their names. */
function partsOf(file: string): Map<string, string> {
  const text = readFileSync(join(__dirname, file), 'utf8')
  const parts = [...text.matchAll(/\/\/ guide: (.+)\n([\s\S]*?)\/\/ end/g)]
  return new Map(parts.map(([, name, code]) => [String(name), plain(String(code))]))
}

/** The blocks of code in one language; ours, in TypeScript, as it is compared. */
function blocksOf(guide: string, language: 'js' | 'ts'): string[] {
  const text = readFileSync(join(docs, guide), 'utf8')
  const blocks = [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)].filter(([, name]) => name === language)
  return blocks.map(([, , code]) => (language === 'ts' ? plain(String(code)) : String(code)))
}

/** As links name them. */
function headingsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => String(heading).toLowerCase())
  return headings.map((heading) => heading.replace(/[^\p{L}\d\- ]/gu, '').replace(/ /g, '-'))
}

const programs = [
  'guides/kafkajs-steps.ts',
  'guides/native-steps.ts',
  'guides/peer-steps.ts',
  'migration-guides.test.ts',
]
const parts = new Map(programs.flatMap((file) => [...partsOf(file)]))

const guides = readdirSync(docs).filter((name) => name.startsWith('migrating-from-'))

test.each(guides)('every block of our code in %s is part of a program', (guide) => {
  const blocks = blocksOf(guide, 'ts')
  expect(blocks.length).toBeGreaterThan(0)
  expect(blocks.filter((block) => ![...parts.values()].includes(block))).toEqual([])
})

test('every part of a program that is marked is shown', () => {
  const blocks = guides.flatMap((guide) => blocksOf(guide, 'ts'))
  expect([...parts].filter(([, part]) => !blocks.includes(part)).map(([name]) => name)).toEqual([])
})

test.each(guides)('options of ours that %s names are there', (guide) => {
  const kafka = { brokers: ['localhost:1'], logger: silentLogger }
  const client = new Native(kafka)
  const options = {
    ...resolveClusterOptions(kafka),
    ...client.producer().options,
    ...client.consumer({ assign: ['t'] }).options,
    ...client.admin().options,
  }
  const elsewhere = ['timeoutMs', 'acknowledgementTimeoutMs', 'latencyMs', 'bufferedBytes']
  const ofOthers = ['maxWaitTimeInMs', 'minBytes', 'maxBytes']
  const named = readFileSync(join(docs, guide), 'utf8').match(/\b[a-z]\w*(?:Ms|Bytes)\b/g) ?? []
  const known = new Set([...Object.keys(options), ...elsewhere, ...ofOthers])
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter((name) => !known.has(name))).toEqual([])
})

// What other clients have is not installed here.
test.each(guides)('every block of other code in %s can be parsed', (guide) => {
  const compilerOptions = { target: ScriptTarget.ES2022, module: ModuleKind.ES2022, allowJs: true }
  const problems = blocksOf(guide, 'js').flatMap((code) => {
    const { diagnostics } = transpileModule(code, {
      fileName: 'a.js',
      compilerOptions,
      reportDiagnostics: true,
    })
    return (diagnostics ?? []).map(({ messageText }) => messageText)
  })
  expect(problems).toEqual([])
})

test.each(guides)('links of %s lead to files, and to headings of them', (guide) => {
  const text = (name: string) => readFileSync(join(docs, name), 'utf8')
  const links = [...text(guide).matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)]
  const broken = links.filter(([, name = '', heading]) => {
    const target = name || guide
    if (!existsSync(join(docs, target))) return true
    return heading !== undefined && !headingsOf(text(target)).includes(heading)
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

describe('the steps of the guide from KafkaJS', () => {
  let broker: TestCluster

  beforeEach(async () => {
    broker = await createBroker({
      logger: silentLogger,
      topics: [
        { name: 'orders', partitions: 3 },
        { name: 'audit', partitions: 1 },
        { name: 'invoices', partitions: 1 },
        { name: 'orders.dead-letter', partitions: 1 },
        { name: 'events.web', partitions: 1 },
      ],
    })
    jest.spyOn(console, 'log').mockImplementation(() => {})
  })

  afterEach(async () => {
    jest.restoreAllMocks()
    await broker.close()
  })

  const values = (topic: string) => broker.records(topic).map(({ value }) => value?.toString())
  /** Of the partitions that were read. */
  const committed = () => (broker.group('billing')?.offsets ?? []).filter(({ offset }) => offset > 0n)

  async function fill(topic: string, ...given: string[]): Promise<void> {
    const producer = new Kafka({ brokers: broker.bootstrap, logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    await producer.send({ topic, messages: given.map((value) => ({ value, partition: 0 })) })
    await producer.disconnect()
  }

  /** Runs a step until `isDone`. */
  async function run(step: Step, isDone: (seen: readonly Saved[]) => boolean = () => true) {
    const seen: Saved[] = []
    const logged: unknown[][] = []
    const ending = new AbortController()
    const done = until(() => isDone(seen), 'what the step is run for')
    void done.then(() => ending.abort())
    const tools: StepTools = {
      brokers: broker.bootstrap,
      save: async ({ topic, partition, offset, value }) => {
        seen.push({ topic, ...(partition !== undefined && { partition }), offset, value: value?.toString() })
      },
      handle: async (value) => {
        if (value === 'bad') throw new Error('it is bad')
        seen.push({ topic: 'orders', offset: 0n, value: value ?? undefined })
      },
      until: () => done,
      signal: ending.signal,
      log: (...line) => void logged.push(line),
      logger: silentLogger,
    }
    await step(tools)
    return { seen, logged }
  }

  const shown = (seen: readonly Saved[]) => seen.map(({ topic, offset }) => `${topic}@${offset}`).sort()

  test('settings of a connection with TLS and SASL', () => {
    expect(() => [before.production('secret', 'pem'), after.production('secret', 'pem')]).not.toThrow()
  })

  test.each([before.send, after.send])('a message', async (step) => {
    await run(step)
    expect(values('orders')).toEqual(['paid'])
  })

  test.each([before.batches, after.batches])('many messages to several topics', async (step) => {
    await run(step)
    expect(values('orders')).toEqual(expect.arrayContaining(['{"id":"o-1"}', '{"id":"o-2"}']))
    expect(values('audit')).toEqual(['2 orders'])
  })

  test.each([before.partitioner, after.partitioner])('a partitioner', async (step) => {
    await run(step)
    expect(broker.records('orders', 0).map(({ value }) => value?.toString())).toEqual(['a'])
    expect(values('orders')).toEqual(expect.arrayContaining(['a', 'b']))
  })

  test('a topic with types', async () => {
    const { seen } = await run(after.typed, ({ length }) => length === 1)
    expect(seen).toEqual([{ topic: 'orders', offset: 0n, value: 'o-1 30' }])
  })

  test.each([before.each, after.each, before.eachBatch, after.eachBatch, after.iterate, after.shutdown])(
    'a handler',
    async (step) => {
      await fill('orders', 'a', 'b', 'c')
      const { seen } = await run(step, ({ length }) => length === 3)
      expect(shown(seen)).toEqual(['orders@0', 'orders@1', 'orders@2'])
      expect(committed()).toEqual([expect.objectContaining({ topic: 'orders', partition: 0, offset: 3n })])
    },
  )

  test.each([before.beyond, before.nextGeneration])('what an option adds to KafkaJS', async (step) => {
    await fill('orders', 'a')
    const { seen } = await run(step, ({ length }) => length === 1)
    expect(shown(seen)).toEqual(['orders@0'])
  })

  test('members on both interfaces share a group', async () => {
    const kafka = new Kafka({ brokers: broker.bootstrap, logLevel: logLevel.NOTHING })
    const consumer = kafka.consumer({ groupId: 'billing', heartbeatInterval: 50 })
    await consumer.connect()
    await consumer.subscribe({ topics: ['orders'] })
    await consumer.run({ eachMessage: async () => {} })
    try {
      const owned = () =>
        broker.group('billing')?.members.map(({ assignment }) => assignment[0]?.partitions.length ?? 0)
      await run(after.together, () => owned()?.sort().join() === '1,2')
    } finally {
      await consumer.disconnect()
    }
  })

  test.each([before.commits, after.commits])('commits by hand', async (step) => {
    await fill('orders', 'a', 'b')
    await run(step, ({ length }) => length === 2 && committed()[0]?.offset === 2n)
    expect(committed()).toEqual([expect.objectContaining({ topic: 'orders', offset: 2n })])
  })

  test.each([before.positions, after.positions])('pause, resume and seek', async (step) => {
    await fill('orders', 'a', 'b')
    const { seen } = await run(step, (all) => new Set(shown(all)).size === 2)
    expect(shown(seen)).toEqual(expect.arrayContaining(['orders@0', 'orders@1']))
  })

  test.each([before.failures, after.failures])('a handler that fails for good', async (step) => {
    await fill('orders', 'good', 'bad', 'better')
    const { seen } = await run(
      step,
      ({ length }) => length === 2 && values('orders.dead-letter').length === 1,
    )
    expect(seen.map(({ value }) => value)).toEqual(['good', 'better'])
    expect(values('orders.dead-letter')).toEqual(['bad'])
  })

  test.each([before.transactions, after.transactions])('a transaction', async (step) => {
    await run(step)
    expect(values('invoices')).toContain('paid')
    await until(() => committed().length > 0, 'the offsets count')
    expect(committed()).toEqual([expect.objectContaining({ topic: 'orders', partition: 0, offset: 1n })])
  })

  test('exactly once', async () => {
    await fill('orders', 'a')
    await run(after.exactlyOnce, () => committed()[0]?.offset === 1n)
    expect(values('invoices')).toContain('a')
  })

  test.each([before.admin, after.admin])('an admin', async (step) => {
    const { logged } = await run(step)
    expect(logged).toEqual([[{ isNew: true, ends: 3, committed: 3 }]])
    expect(broker.group('billing')?.offsets.map(({ offset }) => offset)).toEqual([0n, 0n, 0n])
  })

  test.each([before.errors, after.errors])('an error that is told apart', async (step) => {
    const { logged } = await run(step)
    expect(logged).toEqual([['drop it']])
  })

  test.each([before.events, after.events])('what happens is told', async (step) => {
    await fill('orders', 'a')
    const { logged } = await run(step, ({ length }) => length === 1)
    expect(logged.map(([name]) => name)).toContain('assigned')
  })

  test('a test with the broker in the process', async () => {
    // guide: testing
    const broker = await createBroker({ topics: [{ name: 'orders' }] })
    const kafka = new Kafka({ brokers: broker.bootstrap, logLevel: logLevel.NOTHING })

    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: 'orders', messages: [{ value: 'paid' }] })
    expect(broker.records('orders').map(({ value }) => String(value))).toEqual(['paid'])

    await producer.disconnect()
    await broker.close()
    // end
  })

  test.each([before.logging, after.logging])('log lines', async (step) => {
    await run(step)
  })

  describe('and of those from other clients', () => {
    test('settings of a connection', () => {
      expect(() => peer.production('secret', 'pem')).not.toThrow()
    })

    test('a message, awaited', async () => {
      const { logged } = await run(peer.send)
      expect(values('orders')).toEqual(['paid'])
      expect(logged).toEqual([[expect.any(Number), 0n]])
    })

    test('a message that is not awaited', async () => {
      const { logged } = await run(peer.callbacks)
      expect(logged).toEqual([['stored at', 0n]])
    })

    test('keys where librdkafka puts them', async () => {
      await run(peer.crcPartitioner)
      // librdkafka's own tests name 0xd077037e for this key.
      const partition = 0xd077037e % 3
      expect(broker.records('orders', partition).map(({ key }) => key?.toString())).toContain('hejsan')
    })

    test('keys by the unsigned hash', async () => {
      await run(peer.unsignedPartitioner)
      const partition = (-1563381124 >>> 0) % 3
      expect(partition).not.toBe((-1563381124 & 0x7fffffff) % 3)
      expect(broker.records('orders', partition).map(({ key }) => key?.toString())).toEqual(['a'])
    })

    test.each([peer.run, peer.batches, peer.rebalances, peer.stream])('messages', async (step) => {
      await fill('orders', 'a', 'b', 'c')
      const { seen } = await run(step, ({ length }) => length === 3)
      expect(shown(seen)).toEqual(['orders@0', 'orders@1', 'orders@2'])
    })

    test('a topic with types', async () => {
      const { seen } = await run(peer.typed, ({ length }) => length === 1)
      expect(seen).toEqual([{ topic: 'orders', offset: 0n, value: 'o-1 30' }])
    })

    test('metrics', async () => {
      const { logged } = await run(peer.metrics)
      expect(logged).toEqual([[0, 0, 0, undefined, 0]])
    })
  })
})
