// Guards against a consumer that only works against our own idea of a broker: what Java wrote is read as it was written,
// groups share the work without loss or repetition, and a restarted broker is survived.
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka } from '../../src/kafka'
import type { Message } from '../../src/message/message'
import { topic as defineTopic } from '../../src/serde/topic'
import { string } from '../../src/serde/basic-serdes'
import { json } from '../../src/serde/json-serde'
import { describeEachKafka, describeEachKafkaCluster, type KafkaUnderTest } from './support/describe-kafka'
import { runJavaProgram, startJavaProgram } from './support/java-tools'

const writer = 'tools/java/ConsumerTransactionalWriter.java'

jest.setTimeout(120_000)

async function createTopic(
  kafka: Kafka,
  name: string,
  partitions: number,
  replicationFactor = 1,
): Promise<void> {
  const admin = kafka.admin()
  await admin.createTopics([{ name, partitions, replicationFactor }])
  await admin.close()
}

async function produce(kafka: Kafka, topic: string, count: number, from = 0): Promise<void> {
  const producer = kafka.producer()
  const messages = Array.from({ length: count }, (_, i) => ({ key: `k${from + i}`, value: String(from + i) }))
  for (let at = 0; at < count; at += 5000) await producer.send(topic, messages.slice(at, at + 5000))
  await producer.close()
}

/** Reads until `isDone`, then stops. */
async function readUntil(
  consumer: { run(handler: (message: Message) => void, options: { signal: AbortSignal }): Promise<void> },
  isDone: (messages: readonly Message[]) => boolean,
): Promise<Message[]> {
  const messages: Message[] = []
  const stop = new AbortController()
  await consumer.run(
    (message) => {
      messages.push(message)
      if (isDone(messages)) stop.abort()
    },
    { signal: stop.signal },
  )
  return messages
}

const text = (bytes: Buffer | null) => (bytes === null ? null : bytes.toString('utf8'))

describeEachKafka('the consumer', (target: KafkaUnderTest) => {
  let kafka: Kafka
  beforeAll(() => void (kafka = new Kafka({ brokers: target.bootstrap })))

  it('C16 reads what the Java producer wrote with every codec: keys, nulls, headers, timestamps', async () => {
    const topic = target.uniqueName('codecs')
    await createTopic(kafka, topic, 1)
    await runJavaProgram(target.version, writer, [target.bootstrap.join(), topic, 'plain', '200'])
    await using consumer = kafka.consumer({ assign: [{ topic, partition: 0 }], startFrom: 'earliest' })
    const messages = await readUntil(consumer, (all) => all.length === 1000)
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
    for (const [index, message] of messages.entries()) {
      const codec = codecs[Math.floor(index / 200)] as string
      const i = index % 200
      expect(message.offset).toBe(BigInt(index))
      expect(message.timestamp).toBe(1_700_000_000_000 + i)
      expect(text(message.rawKey)).toBe(i % 3 === 0 ? null : `${codec}-key-${i}`)
      const value = i % 7 === 0 ? null : i % 7 === 1 ? '' : `${codec}-value-${i}${'-ä€😀'.repeat(i % 50)}`
      expect(text(message.rawValue)).toBe(value)
      if (i % 2 === 1) expect(message.headers).toEqual({})
      else {
        expect(Object.keys(message.headers)).toEqual(['codec', 'twice', 'nothing'])
        expect(message.header('codec')?.toString()).toBe(codec)
        expect(String(message.headers['twice'])).toBe('first,second')
        expect(message.header('nothing')).toBeNull()
      }
    }
  })

  it('T11 L18 read_committed shows committed transactions only, in small fetches and from the middle of an aborted one', async () => {
    const topic = target.uniqueName('transactions')
    await createTopic(kafka, topic, 1)
    const java = await startJavaProgram(target.version, writer, [
      target.bootstrap.join(),
      topic,
      'open',
      '12',
    ])
    try {
      const expected = Number(((await java.lines.next()).value as string).split(' ')[1])
      await java.lines.next()
      const options = {
        isolationLevel: 'read_committed',
        maxPartitionFetchBytes: 700,
        fetchMaxWaitMs: 50,
      } as const
      const seen: string[] = []
      await using consumer = kafka.consumer({
        ...options,
        assign: [{ topic, partition: 0, startFrom: 'earliest' }],
      })
      const run = consumer.run((message) => void seen.push(String(message.rawValue)))
      while (seen.length < expected) await delay(20)
      await delay(300)
      expect(seen).toHaveLength(expected)
      expect(seen.every((value) => value.startsWith('committed-'))).toBe(true)

      // From the middle of what the transactions of round 1 wrote: two of them were aborted.
      await using other = kafka.consumer({
        ...options,
        assign: [{ topic, partition: 0, startFrom: { offset: 22 } }],
      })
      const rest: string[] = []
      const second = other.run((message) => void rest.push(String(message.rawValue)))
      while (rest.at(-1) !== seen.at(-1)) await delay(20)
      expect(rest).toEqual(seen.slice(seen.length - rest.length))
      expect(rest.length).toBeGreaterThan(30)
      await consumer.close()
      await other.close()
      await run
      await second
    } finally {
      await java.stop()
    }
  })

  it('types messages by their topics and decodes them with their serdes', async () => {
    const name = target.uniqueName('typed')
    await createTopic(kafka, name, 1)
    const orders = defineTopic(name, { key: string(), value: json<{ id: number }>() })
    const producer = kafka.producer()
    await producer.send(orders, { key: 'o-1', value: { id: 1 } })
    await producer.close()
    await using consumer = kafka.consumer({
      groupId: target.uniqueName('g'),
      topics: [orders],
      startFrom: 'earliest',
    })
    for await (const message of consumer) {
      const { id } = message.value
      expect([message.key.toUpperCase(), id]).toEqual(['O-1', 1])
      break
    }
  })

  it('G4: shares 100,000 messages among three members, each message delivered once', async () => {
    const topic = target.uniqueName('shared')
    const groupId = target.uniqueName('g')
    await createTopic(kafka, topic, 6)
    await produce(kafka, topic, 100_000)
    const seen = new Map<string, number>()
    const members = Array.from({ length: 3 }, () =>
      kafka.consumer({ groupId, topics: [topic], startFrom: 'earliest', autoCommitIntervalMs: 200 }),
    )
    const counts = [0, 0, 0]
    // All members have their share before the first message is handled, so that no rebalance falls into the count.
    const runs = members.map(async (member, index) => {
      await member.run(async (message) => {
        while (members.some((one) => one.assignment().length !== 2)) await delay(20)
        const value = String(message.rawValue)
        seen.set(value, (seen.get(value) ?? 0) + 1)
        counts[index] = (counts[index] as number) + 1
      })
    })
    const end = performance.now() + 60_000
    while (seen.size < 100_000 && performance.now() < end) await delay(50)
    await Promise.all(members.map((member) => member.close()))
    await Promise.all(runs)
    expect(seen.size).toBe(100_000)
    expect([...seen.values()].reduce((a, b) => a + b)).toBe(100_000)
    expect(counts.every((count) => count > 20_000)).toBe(true)

    const reader = kafka.consumer({ groupId, assign: [{ topic, partition: 0 }] })
    const partitions = Array.from({ length: 6 }, (_, partition) => ({ topic, partition }))
    const committed = await reader.committed(partitions)
    await reader.close()
    expect(committed.reduce((sum, one) => sum + (one.committed?.offset ?? 0n), 0n)).toBe(100_000n)
  })

  it('C13 G15: goes on after what was committed when it comes back', async () => {
    const topic = target.uniqueName('resume')
    const groupId = target.uniqueName('g')
    await createTopic(kafka, topic, 2)
    await produce(kafka, topic, 1000)
    const first = kafka.consumer({ groupId, topics: [topic], startFrom: 'earliest' })
    const one = await readUntil(first, (all) => all.length === 400)
    await first.close()
    await using second = kafka.consumer({ groupId, topics: [topic], startFrom: 'earliest' })
    const two = await readUntil(second, (all) => all.length === 600)
    const values = [...one, ...two].map((message) => Number(message.rawValue))
    expect(new Set(values).size).toBe(1000)
  })

  it('C5 C6: pauses, resumes and seeks', async () => {
    const topic = target.uniqueName('seek')
    await createTopic(kafka, topic, 2)
    await produce(kafka, topic, 2000)
    const zero = { topic, partition: 0 }
    const one = { topic, partition: 1 }
    await using consumer = kafka.consumer({ assign: [zero, one], startFrom: 'earliest' })
    const seen = { 0: [] as bigint[], 1: [] as bigint[] }
    const run = consumer.run((message) => {
      seen[message.partition as 0 | 1].push(message.offset)
      if (message.partition === 0 && message.offset === 9n) consumer.pause([zero])
    })
    while (seen[1].length < 900) await delay(10)
    await delay(100)
    expect(seen[0]).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n])
    consumer.seek(zero, 500)
    consumer.resume([zero])
    while (seen[0].at(-1) !== 600n && seen[0].length < 200) await delay(1)
    expect(seen[0][10]).toBe(500n)
    consumer.seek(one, 'beginning')
    const before = seen[1].length
    while (seen[1].length < before + 100) await delay(10)
    expect(seen[1][before]).toBe(0n)
    await consumer.close()
    await run
  })

  it('C3: starts from the end, a time and a duration', async () => {
    const topic = target.uniqueName('start')
    await createTopic(kafka, topic, 1)
    await produce(kafka, topic, 100)
    await delay(20)
    const middle = Date.now()
    await delay(20)
    await produce(kafka, topic, 100, 100)
    const assign = [{ topic, partition: 0 }]
    const firstOf = async (startFrom: { timestamp: number } | { durationMs: number } | 'latest') => {
      await using consumer = kafka.consumer({ assign, startFrom })
      const reading = readUntil(consumer, (all) => all.length === 1)
      while (consumer.assignment().length === 0 || consumer.position({ topic, partition: 0 }) === undefined)
        await delay(5)
      if (startFrom === 'latest') await produce(kafka, topic, 1, 200)
      return String((await reading)[0]?.rawValue)
    }
    expect(await firstOf({ timestamp: middle })).toBe('100')
    expect(await firstOf({ durationMs: 3_600_000 })).toBe('0')
    expect(await firstOf('latest')).toBe('200')
  })
})

describeEachKafkaCluster('the consumer and its brokers', { nodes: 3 }, (target) => {
  it('C10 L20 reads on, without loss or repetition, while each broker is restarted', async () => {
    const kafka = new Kafka({ brokers: target.bootstrap })
    const topic = target.uniqueName('restart')
    await createTopic(kafka, topic, 6, 3)
    const seen: number[] = []
    const consumer = kafka.consumer({
      groupId: target.uniqueName('g'),
      topics: [topic],
      startFrom: 'earliest',
    })
    const run = consumer.run((message) => void seen.push(Number(message.rawValue)))
    let sent = 0
    let isDone = false
    const producing = (async () => {
      const producer = kafka.producer()
      while (!isDone) {
        await producer.send(
          topic,
          Array.from({ length: 50 }, () => ({ key: `k${sent}`, value: String(sent++) })),
        )
        await delay(10)
      }
      await producer.close()
    })()
    for (const node of target.nodes) {
      const before = seen.length
      await node.stop()
      await delay(1500)
      await node.start()
      while (seen.length < before + 500) await delay(50)
    }
    isDone = true
    await producing
    const end = performance.now() + 30_000
    while (seen.length < sent && performance.now() < end) await delay(50)
    await consumer.close()
    await run
    expect(new Set(seen).size).toBe(sent)
    expect(seen).toHaveLength(sent)
  })
})
