// Guards codecs of the program against being passed over, in either direction, and against what goes wrong in them
// reaching further than their batch.
import {
  type CompressionCodec,
  compressionCodec,
  type CustomCodec,
  Kafka,
  type KafkaOptions,
} from '../../src'
import { type Logger, silentLogger } from '../../src/base/logger'
import { createCluster, type TestCluster } from '../../src/testing'
import { errorOf } from './support/case-runner'
import { ShareCluster } from './support/share-cluster'

const snappy = compressionCodec('snappy') as CompressionCodec
const value = 'v'.repeat(2000)

let cluster: TestCluster

beforeEach(async () => {
  cluster = await createCluster({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't' }],
    configs: { 'group.initial.rebalance.delay.ms': 0 },
  })
})

afterEach(async () => {
  await cluster.close()
})

const kafkaWith = (options: Partial<KafkaOptions>) =>
  new Kafka({ ...cluster.clientOptions(), logger: silentLogger, ...options })

/** Snappy that notes what it was asked, and answers at once or later. */
class CountingSnappy implements CustomCodec {
  readonly calls: string[] = []
  readonly #isLate: boolean

  constructor(isLate: boolean) {
    this.#isLate = isLate
  }

  compress(bytes: Buffer): Uint8Array | Promise<Uint8Array> {
    expect(Buffer.isBuffer(bytes)).toBe(true)
    return this.#answer('compress', snappy.compress(bytes))
  }

  decompress(bytes: Buffer, maxBytes: number): Uint8Array | Promise<Uint8Array> {
    expect(Buffer.isBuffer(bytes)).toBe(true)
    expect(maxBytes).toBeGreaterThan(0)
    return this.#answer('decompress', new Uint8Array(snappy.decompress(bytes, maxBytes)))
  }

  #answer(call: string, bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    this.calls.push(call)
    return this.#isLate ? new Promise((resolve) => setImmediate(() => resolve(bytes))) : bytes
  }
}

async function readOne(kafka: Kafka): Promise<string | undefined> {
  await using consumer = kafka.consumer({ assign: [{ topic: 't', partition: 0 }], startFrom: 'earliest' })
  for await (const message of consumer) return String(message.value)
  return undefined
}

/** The number of the codec in the attributes of the first batch that was produced. */
function storedType(): number | undefined {
  const [logged] = cluster.requests.filter({ api: 'Produce' })
  const records = logged?.request.topicData[0]?.partitionData[0]?.records as Buffer
  return records.readInt16BE(21) & 7
}

test.each([
  ['at once', false],
  ['later', true],
])('a codec that answers %s writes and reads batches of its type, and of no other', async (_, isLate) => {
  const codec = new CountingSnappy(isLate)
  const kafka = kafkaWith({ codecs: { snappy: codec } })
  await using producer = kafka.producer({ compression: 'snappy' })
  await producer.send('t', { value })
  await producer.send('t', { value }, { compression: 'gzip' })
  expect(storedType()).toBe(2)
  expect(codec.calls).toEqual(['compress'])
  expect(await readOne(kafka)).toBe(value)
  expect(codec.calls).toEqual(['compress', 'decompress'])
  // What it wrote is what others read.
  expect(await readOne(kafkaWith({}))).toBe(value)
})

test('members of share groups read with it too', async () => {
  const share = await ShareCluster.start()
  try {
    const codec = new CountingSnappy(true)
    const kafka = share.connect({ codecs: { snappy: codec } })
    await using producer = kafka.producer({ compression: 'snappy' })
    await producer.send('orders', { value })
    const consumer = share.consumer({}, kafka)
    const seen: string[] = []
    await consumer.run((message) => {
      seen.push(String(message.rawValue))
      void consumer.stop()
    })
    expect(seen).toEqual([value])
    expect(codec.calls).toEqual(['compress', 'decompress'])
  } finally {
    await share.close()
  }
})

test('levels are handed to it as they are', async () => {
  const levels: (number | undefined)[] = []
  const codec: CustomCodec = {
    compress: (bytes, level) => {
      levels.push(level)
      return snappy.compress(bytes)
    },
    decompress: (bytes, maxBytes) => snappy.decompress(bytes, maxBytes),
  }
  const kafka = kafkaWith({ codecs: { snappy: codec } })
  await using producer = kafka.producer({ compression: { type: 'snappy', level: 42 } })
  await producer.send('t', { value })
  await producer.send('t', { value }, { compression: 'snappy' })
  expect(levels).toEqual([42, undefined])
})

const failures: [string, CustomCodec['compress'], string][] = [
  [
    'throws',
    () => {
      throw new TypeError('no window')
    },
    'no window',
  ],
  ['rejects', () => Promise.reject(new TypeError('no window')), 'no window'],
  [
    'answers with a text',
    () => 'text' as never,
    "The codec given for 'snappy' answered 'compress' with a string: bytes are needed, a Buffer or Uint8Array",
  ],
]

test.each(failures)(
  'a batch whose codec %s is sent uncompressed, and said to be',
  async (_, compress, reason) => {
    const lines: [string, object | undefined][] = []
    const logger: Logger = { ...silentLogger, warn: (message, details) => lines.push([message, details]) }
    const kafka = kafkaWith({ logger, codecs: { snappy: { compress, decompress: () => Buffer.alloc(0) } } })
    await using producer = kafka.producer({ compression: 'snappy' })
    await producer.send('t', { value })
    expect(storedType()).toBe(0)
    expect(lines).toEqual([
      ['A batch is sent uncompressed', expect.objectContaining({ reason: expect.stringContaining(reason) })],
    ])
  },
)

const undecodable: [string, CustomCodec['decompress'], string][] = [
  [
    'throws',
    () => {
      throw new TypeError('no window')
    },
    "The codec given for 'snappy' could not decompress a batch: no window",
  ],
  [
    'rejects',
    () => Promise.reject(new TypeError('no window')),
    "The codec given for 'snappy' could not decompress a batch: no window",
  ],
  ['answers with nothing', () => undefined as never, "'decompress' with a undefined: bytes are needed"],
  ['answers with more than fits', (_, maxBytes) => Buffer.alloc(maxBytes + 1), 'snappy'],
]

test.each(undecodable)(
  'B1: a batch that cannot be read because its codec %s is damaged',
  async (_, decompress, reason) => {
    const kafka = kafkaWith({
      codecs: { snappy: { compress: (bytes) => snappy.compress(bytes), decompress } },
    })
    await using producer = kafka.producer({ compression: 'snappy' })
    await producer.send('t', { value })
    const consumer = kafka.consumer({
      assign: [{ topic: 't', partition: 0 }],
      startFrom: 'earliest',
      fetchMemoryBytes: 1_048_576,
    })
    const error = await errorOf(consumer.run(() => {}))
    await consumer.close()
    expect(error).toMatchObject({ code: 'DECODE_FAILED', message: expect.stringContaining(reason) })
  },
)

test('what is no codec, or for no type, is refused with the other options', () => {
  const make = () =>
    kafkaWith({ codecs: { lz4: { compress: () => Buffer.alloc(0) }, brotli: snappy } as never })
  expect(make).toThrow(
    "option 'codecs.lz4' is an object: an object with compress and decompress is needed; unknown option 'codecs.brotli'",
  )
})

test('a built-in codec can be given as one', async () => {
  const kafka = kafkaWith({ codecs: { lz4: compressionCodec('lz4') } })
  await using producer = kafka.producer({ compression: 'lz4' })
  await producer.send('t', { value })
  expect(await readOne(kafka)).toBe(value)
})
