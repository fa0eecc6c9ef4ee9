// Guards streams against reading ahead of who reads them, losing messages when they break, and hanging when they end.
import { Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WritableStream } from 'node:stream/web'
import { json, Kafka, string, topic, type Message } from '../../src'
import { createCluster } from '../../src/testing'
import { silentLogger } from '../../src/base/logger'
import { errorOf, until } from './support/case-runner'

const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(count: number) {
  const cluster = await createCluster({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't', partitions: 1 }],
  })
  closers.push(() => cluster.close())
  const kafka = new Kafka({ ...cluster.clientOptions(), logger: silentLogger })
  const producer = kafka.producer()
  closers.push(() => producer.close())
  const send = (value: string) => producer.send('t', { value })
  await Promise.all(Array.from({ length: count }, (_, i) => send(`${i}`)))
  const consumer = kafka.consumer({
    groupId: 'g',
    topics: ['t'],
    startFrom: 'earliest',
    fetchMaxWaitMs: 20,
    autoCommitIntervalMs: 60_000,
  })
  closers.push(() => consumer.close())
  const committed = async () => {
    await consumer.commit()
    const [one] = await consumer.committed([{ topic: 't', partition: 0 }])
    return Number(one?.committed?.offset ?? 0n)
  }
  return { cluster, kafka, consumer, send, committed }
}

const textOf = ({ value }: Message) => String(value)
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`)

/** A sink that holds one message at a time. */
function sink(write: (value: string) => Promise<void> | void): Writable {
  return new Writable({
    objectMode: true,
    highWaterMark: 1,
    write(message: Message, _encoding, done) {
      void Promise.resolve()
        .then(() => write(textOf(message)))
        .then(() => done(), done)
    },
  })
}

describe('a stream of Node', () => {
  test('hands out one message at a time; one is finished when the next is asked for', async () => {
    const { consumer, committed } = await start(10)
    const seen: string[] = []
    for await (const message of consumer.readable()) {
      seen.push(textOf(message))
      expect(await committed()).toBe(seen.length - 1)
      if (seen.length === 5) break
    }
    expect(seen).toEqual(numbers(0, 5))
    const again: string[] = []
    for await (const message of consumer) {
      again.push(textOf(message))
      if (again.length === 6) break
    }
    expect(again).toEqual(numbers(4, 10))
  })

  test('is held back by what comes behind it, and ends when the consumer is stopped', async () => {
    const { consumer, committed } = await start(100)
    const seen: string[] = []
    let release = () => {}
    const piped = pipeline(
      consumer.readable(),
      sink((value) => {
        seen.push(value)
        return value === '41' ? new Promise<void>((resolve) => (release = resolve)) : undefined
      }),
    )
    await until(() => seen.length === 42, 'the message that is held')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(await committed()).toBe(41)
    release()
    await until(() => seen.length === 100, 'all of them')
    await until(() => consumer.position({ topic: 't', partition: 0 }) === 100n, 'the last one is taken')
    await consumer.stop()
    await piped
    expect(seen).toEqual(numbers(0, 100))
  })

  test('a stage that fails destroys it, and its last message is handed out again', async () => {
    const { consumer } = await start(10)
    const failed = pipeline(
      consumer.readable(),
      sink((value) => {
        if (value === '3') throw new Error('disk full')
      }),
    )
    expect(await errorOf(failed)).toMatchObject({ message: 'disk full' })
    const seen: string[] = []
    for await (const message of consumer) if (seen.push(textOf(message)) === 7) break
    expect(seen).toEqual(numbers(3, 10))
  })

  test('a reading that fails destroys it with its error', async () => {
    const { kafka } = await start(1)
    const consumer = kafka.consumer({ groupId: 'other', topics: ['t'], startFrom: 'none' })
    closers.push(() => consumer.close())
    expect(
      await errorOf(
        pipeline(
          consumer.readable(),
          sink(() => {}),
        ),
      ),
    ).toMatchObject({
      code: 'NO_OFFSET_FOR_PARTITION',
    })
  })

  test('destroyed while it waits it closes, and the consumer can be read again', async () => {
    const { consumer, send } = await start(1)
    const stream = consumer.readable()
    const first = await new Promise<Message>((resolve) => stream.once('data', resolve))
    expect(textOf(first)).toBe('0')
    const closed = new Promise<void>((resolve) => stream.once('close', resolve))
    stream.destroy()
    await closed
    await send('1')
    const seen: string[] = []
    for await (const message of consumer) {
      seen.push(textOf(message))
      if (textOf(message) === '1') break
    }
    expect(seen.at(-1)).toBe('1')
  })

  test('goes through transforms, and ends with a range', async () => {
    const { kafka } = await start(50)
    const consumer = kafka.consumer({ assign: ['t'], until: 'end' })
    closers.push(() => consumer.close())
    const lines: string[] = []
    await pipeline(
      consumer.readable(),
      new Transform({
        objectMode: true,
        transform: (message: Message, _encoding, done) => done(null, `line ${textOf(message)}`),
      }),
      async (source: AsyncIterable<string>) => {
        for await (const line of source) lines.push(line)
      },
    )
    expect(lines).toEqual(numbers(0, 50).map((value) => `line ${value}`))
  })

  test('one that nobody reads takes nothing', async () => {
    const { consumer, committed } = await start(5)
    const stream = consumer.readable()
    await until(() => consumer.assignment().length === 1, 'the assignment')
    await until(() => consumer.position({ topic: 't', partition: 0 }) !== undefined, 'the position')
    expect(consumer.position({ topic: 't', partition: 0 })).toBe(0n)
    expect(await committed()).toBe(0)
    stream.destroy()
  })
})

describe('a web stream', () => {
  test('hands out one message at a time, and leaves the last one unfinished when it is cancelled', async () => {
    const { consumer, committed } = await start(10)
    const reader = consumer.readableStream().getReader()
    const seen: string[] = []
    for (const wanted of [0, 1, 2]) {
      const { value } = await reader.read()
      if (value !== undefined) seen.push(textOf(value))
      expect(await committed()).toBe(wanted)
    }
    await reader.cancel()
    for await (const message of consumer) if (seen.push(textOf(message)) === 5) break
    expect(seen).toEqual(['0', '1', '2', '2', '3'])
  })

  test('is held back by its sink, and ends with a range', async () => {
    const { kafka } = await start(20)
    const consumer = kafka.consumer({ groupId: 'range', assign: ['t'], until: 'end' })
    closers.push(() => consumer.close())
    const seen: string[] = []
    let ahead = 0
    await consumer.readableStream().pipeTo(
      new WritableStream<Message>(
        {
          async write(message) {
            await new Promise((resolve) => setImmediate(resolve))
            ahead = Math.max(ahead, Number(consumer.position(message) ?? 0n) - seen.length)
            seen.push(textOf(message))
          },
        },
        { highWaterMark: 1 },
      ),
    )
    expect(seen).toEqual(numbers(0, 20))
    expect(ahead).toBeLessThanOrEqual(2)
  })

  test('a reading that fails makes it fail', async () => {
    const { kafka } = await start(1)
    const consumer = kafka.consumer({ groupId: 'other', topics: ['t'], startFrom: 'none' })
    closers.push(() => consumer.close())
    expect(await errorOf(consumer.readableStream().getReader().read())).toMatchObject({
      code: 'NO_OFFSET_FOR_PARTITION',
    })
  })
})

test('C15: a signal ends one wait exactly once, and the next loop goes on without a gap', async () => {
  const { consumer, send } = await start(3)
  const seen: string[] = []
  const first = new AbortController()
  const loop = (async () => {
    for await (const message of consumer.messages({ signal: first.signal })) seen.push(textOf(message))
  })()
  await until(() => seen.length === 3, 'all that is there')
  first.abort()
  await loop
  await send('3')
  const second = new AbortController()
  for await (const message of consumer.messages({ signal: second.signal })) {
    seen.push(textOf(message))
    if (seen.length === 4) second.abort()
  }
  for await (const _ of consumer.messages({ signal: AbortSignal.abort() }))
    throw new Error('nothing was asked for')
  expect(seen).toEqual(numbers(0, 4))
})

test('the messages of streams have the types of their topics', async () => {
  const { kafka } = await start(1)
  const orders = topic('orders', { key: string(), value: json<{ total: number }>() })
  const admin = kafka.admin()
  closers.push(() => admin.close())
  await admin.createTopics([{ name: 'orders' }])
  const producer = kafka.producer()
  await producer.send(orders, { key: 'k', value: { total: 2 } })
  await producer.close()
  const reader = () => {
    const consumer = kafka.consumer({ assign: [orders], until: 'end' })
    closers.push(() => consumer.close())
    return consumer
  }
  let total = 0
  for await (const { value } of reader().readable()) total += value.total
  for await (const { value } of reader().readableStream()) total += value.total
  const data = reader().readable()
  data.on('data', ({ value }) => (total += value.total))
  await new Promise<void>((resolve) => data.once('end', resolve))
  expect(total).toBe(6)
})
