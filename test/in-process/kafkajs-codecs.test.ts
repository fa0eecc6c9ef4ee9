// Guards what each call chooses for itself, compression and times, and codecs that a program registers: in use at once,
// for whoever is connected, and in the place of the built-in ones.
import { compressionCodec, type CodecType, type CompressionCodec } from '../../src'
import { CompressionCodecs, CompressionTypes } from '../../src/kafkajs'
import type { KafkaJSCodec } from '../../src/kafkajs/compression/compression-codecs'
import type { LogEntry } from '../../src/kafkajs/types/logger'
import { until } from './support/case-runner'
import { compressionsOf, failure, KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()
const builtIn = { ...CompressionCodecs }

beforeEach(async () => {
  await setup.start({ topics: [{ name: 't', partitions: 2 }] })
})

afterEach(async () => {
  Object.assign(CompressionCodecs, builtIn)
  await setup.endCleanly()
})

const value = 'v'.repeat(2000)

const connected = (...args: Parameters<KafkaJsSetup['producer']>) => setup.producer(...args)

/** A codec as packages for KafkaJS make them, over one of ours, that notes what it is asked. */
function packageCodec(name: CodecType) {
  const core = compressionCodec(name) as CompressionCodec
  const calls: string[] = []
  const codec: KafkaJSCodec = {
    async compress(encoder) {
      expect(Buffer.isBuffer(encoder.buffer)).toBe(true)
      calls.push('compress')
      await new Promise(setImmediate)
      return Buffer.from(core.compress(encoder.buffer))
    },
    async decompress(buffer) {
      expect(Buffer.isBuffer(buffer)).toBe(true)
      calls.push('decompress')
      await new Promise(setImmediate)
      return core.decompress(buffer, 1_000_000)
    },
  }
  return { calls, codec }
}

async function readAll(count: number): Promise<string[]> {
  const consumer = setup.own(setup.kafka().consumer({ groupId: `g-${Math.random()}` }))
  await consumer.subscribe({ topics: ['t'], fromBeginning: true })
  const seen: string[] = []
  await consumer.run({
    eachMessage: async ({ message }) => {
      seen.push(String(message.value))
    },
  })
  await until(() => seen.length >= count, `${count} messages`)
  return seen
}

/** A frame of one block that is not compressed (RFC 8878), for versions of Node that write no other. */
function uncompressedZstd(bytes: Buffer): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt32LE(0xfd2fb528, 0)
  header[4] = 0b1010_0000
  header.writeUInt32LE(bytes.length, 5)
  header.writeUIntLE((bytes.length << 3) | 1, 9, 3)
  return Buffer.concat([header, bytes])
}

describe('9.3 codecs of the program', () => {
  test.each([
    ['gzip', CompressionTypes.GZIP],
    ['snappy', CompressionTypes.Snappy],
    ['lz4', CompressionTypes.LZ4],
  ] as const)(
    '9.3: one for %s writes and reads in the place of the built-in one',
    async (name, compression) => {
      const producer = await connected()
      const { calls, codec } = packageCodec(name)
      // Registered after the producer was connected: the registry is read at use.
      CompressionCodecs[compression] = () => codec
      await producer.send({ topic: 't', compression, messages: [{ value, partition: 0 }] })
      expect(compressionsOf(setup.cluster)).toEqual([compression])
      expect(calls).toEqual(['compress'])
      expect(await readAll(1)).toEqual([value])
      expect(calls).toEqual(['compress', 'decompress'])
      CompressionCodecs[compression] = builtIn[compression]
      await producer.send({ topic: 't', compression, messages: [{ value, partition: 1 }] })
      expect(await readAll(2)).toEqual([value, value])
      expect(calls).toEqual(['compress', 'decompress'])
    },
  )

  test('9.3: one that fails costs the compression, not the messages, and is told of', async () => {
    CompressionCodecs[CompressionTypes.GZIP] = () => ({
      compress: async () => {
        throw new TypeError('no window')
      },
    })
    const lines: LogEntry[] = []
    const kafka = setup.kafka({ logCreator: () => (entry) => void lines.push(entry) })
    const producer = setup.own(kafka.producer({ createPartitioner: () => () => 0 }))
    await producer.connect()
    await producer.send({ topic: 't', compression: CompressionTypes.GZIP, messages: [{ value }] })
    expect(compressionsOf(setup.cluster)).toEqual([CompressionTypes.None])
    expect(lines.map(({ log }) => log.message)).toContain('A batch is sent uncompressed')
  })

  test('9.3: ZSTD is built in where Node can write it, else it is refused until a program brings its own', async () => {
    const producer = await connected()
    const record = { topic: 't', compression: CompressionTypes.ZSTD, messages: [{ value, partition: 0 }] }
    const problem = compressionCodec('zstd')?.compressionProblem?.()
    if (problem === undefined) {
      await producer.send(record)
      expect(compressionsOf(setup.cluster)).toEqual([CompressionTypes.ZSTD])
      expect(await readAll(1)).toEqual([value])
      return
    }
    expect(await failure(producer.send(record))).toMatchObject({
      name: 'KafkaJSNotImplemented',
      message: problem,
    })
    const calls: string[] = []
    const compress = async ({ buffer }: { buffer: Buffer }) => {
      calls.push('compress')
      return uncompressedZstd(buffer)
    }
    CompressionCodecs[CompressionTypes.ZSTD] = () => ({ compress })
    await producer.send(record)
    expect(calls).toEqual(['compress'])
    expect(compressionsOf(setup.cluster)).toEqual([CompressionTypes.ZSTD])
  })

  test('9.3: the built-in codecs can be called as those of packages are', async () => {
    for (const compression of [
      CompressionTypes.GZIP,
      CompressionTypes.Snappy,
      CompressionTypes.LZ4,
    ] as const) {
      const codec = CompressionCodecs[compression]() as KafkaJSCodec
      const packed = await codec.compress({ buffer: Buffer.from(value) })
      expect(packed.length).toBeLessThan(value.length)
      expect(String(await codec.decompress(packed))).toBe(value)
    }
  })

  test('9.3: a number that stands for no compression', async () => {
    const producer = await connected()
    const sending = producer.send({ topic: 't', compression: 5 as never, messages: [{ value }] })
    expect(await failure(sending)).toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: 'Invalid compression 5',
    })
  })
})

describe('3 what each call chooses', () => {
  test('3: compression, one call after another, over one producer id and in order', async () => {
    const producer = await connected()
    const { None, GZIP, LZ4 } = CompressionTypes
    const sending = [GZIP, None, LZ4, undefined, GZIP].map((compression, i) =>
      producer.send({
        topic: 't',
        ...(compression !== undefined && { compression }),
        messages: [{ value: `${i}${value}`, partition: 0 }],
      }),
    )
    await Promise.all(sending)
    expect(compressionsOf(setup.cluster)).toEqual([GZIP, None, LZ4, None, GZIP])
    const records = setup.cluster.records('t', 0)
    expect(records.map((record) => String(record.value)[0]).join('')).toBe('01234')
    expect(new Set(records.map(({ producerId }) => producerId)).size).toBe(1)
    expect(records.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4])
  })

  test('3: compression and timeout of sendBatch hold for all its topics', async () => {
    setup.cluster.createTopic('u')
    const producer = await connected()
    await producer.sendBatch({
      compression: CompressionTypes.GZIP,
      timeout: 1234,
      topicMessages: [
        { topic: 't', messages: [{ value, partition: 0 }] },
        { topic: 'u', messages: [{ value }] },
      ],
    })
    expect(compressionsOf(setup.cluster)).toEqual([CompressionTypes.GZIP, CompressionTypes.GZIP])
    const requests = setup.cluster.requests.filter({ api: 'Produce' })
    expect(requests.map(({ request }) => request.timeoutMs)).toEqual(requests.map(() => 1234))
  })

  test('3: timeout is what the brokers are told, 30 seconds without one', async () => {
    const producer = await connected()
    await producer.send({ topic: 't', timeout: 700, messages: [{ value }] })
    await producer.send({ topic: 't', messages: [{ value }] })
    const told = setup.cluster.requests.filter({ api: 'Produce' }).map(({ request }) => request.timeoutMs)
    expect(told).toEqual([700, 30_000])
  })

  test('3, 6: replicas that are not in time are waited for again, then the call fails', async () => {
    const producer = await connected({ retry: { retries: 2 } })
    setup.cluster.faults.failProduce({ error: 'REQUEST_TIMED_OUT', times: 2 })
    const sending = producer.send({ topic: 't', timeout: 100, messages: [{ value, partition: 0 }] })
    expect(await sending).toMatchObject([{ partition: 0, errorCode: 0 }])
    setup.cluster.faults.failProduce({ error: 'REQUEST_TIMED_OUT' })
    const failing = producer.send({ topic: 't', timeout: 100, messages: [{ value, partition: 0 }] })
    expect(await failure(failing)).toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      retryCount: 2,
      cause: { type: 'REQUEST_TIMED_OUT', code: 7 },
    })
  })

  test('3: acks are what the brokers are told', async () => {
    const producer = await connected()
    for (const acks of [1, -1, 0]) await producer.send({ topic: 't', acks, messages: [{ value }] })
    const told = () => setup.cluster.requests.filter({ api: 'Produce' }).map(({ request }) => request.acks)
    await until(() => told().length === 3, 'three requests')
    expect(told()).toEqual([1, -1, 0])
    const wrong = producer.send({ topic: 't', acks: 2, messages: [{ value }] })
    expect(await failure(wrong)).toMatchObject({ message: 'Invalid acks 2, it has to be -1, 0 or 1' })
  })
})
