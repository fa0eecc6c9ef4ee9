import { createRequire } from 'node:module'
import { CompressionCodecs, CompressionTypes, Kafka } from 'kafkajs'
import { application } from './support/application.js'
import { createTopics, readMessages, withProducer } from './support/kafka.js'
import { usePureLz4 } from './support/pure-lz4.js'

// Messages compressed by `kafkajs-snappy` and `kafkajs-lz4`, which programs register, or by what is built in. `more.steps`
// is "write", "read" or both; `more.registers` is "yes" or "no"; `more.topic` begins the names of the topics.

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>
  decompress(buffer: Buffer): Promise<Buffer>
}

const load = createRequire(`${process.cwd()}/`)
usePureLz4()
const LZ4Codec = load('kafkajs-lz4') as new () => { codec: () => Codec }
const snappyCodec = load('kafkajs-snappy') as () => Codec

const codecs = [
  { name: 'snappy', type: CompressionTypes.Snappy, create: snappyCodec },
  { name: 'lz4', type: CompressionTypes.LZ4, create: new LZ4Codec().codec },
] as const

/** Registers a codec that notes what it was given. */
function register({ type, create }: (typeof codecs)[number]): Set<string> {
  const calls = new Set<string>()
  CompressionCodecs[type] = () => {
    const codec = create()
    return {
      compress: async (encoder: { buffer: Buffer }) => {
        calls.add(`compress ${Buffer.isBuffer(encoder.buffer)}`)
        return await codec.compress(encoder)
      },
      decompress: async (buffer: Buffer) => {
        calls.add(`decompress ${Buffer.isBuffer(buffer)}`)
        return await codec.decompress(buffer)
      },
    }
  }
  return calls
}

const messages = Array.from({ length: 20 }, (_, i) => ({
  key: `key-${i}`,
  value: `${i} and `.repeat(100),
  headers: { number: `${i}` },
}))

void application(async ({ brokers, more, name, check }) => {
  const kafka = new Kafka({ brokers, clientId: 'codecs', logLevel: 0 })
  const { steps = 'write read', registers } = more
  const prefix = more['topic'] ?? name('codecs')
  for (const codec of codecs) {
    const calls = registers === 'yes' ? register(codec) : new Set<string>()
    const topic = `${prefix}-${codec.name}`
    if (steps.includes('write')) {
      await createTopics(kafka, topic)
      await check(`${codec.name}: messages are written`, () =>
        withProducer(kafka, async (producer) => {
          await producer.send({ topic, compression: codec.type, messages })
          return 'written'
        }),
      )
    }
    if (steps.includes('read')) {
      await check(`${codec.name}: messages are read`, async () => {
        const read: unknown[] = []
        await readMessages(kafka, topic, messages.length, ({ key, value, headers }) => {
          read.push({
            key: String(key),
            value: String(value),
            headers: { number: String(headers?.['number']) },
          })
        })
        return JSON.stringify(read) === JSON.stringify(messages) ? 'as they were' : read
      })
    }
    await check(`${codec.name}: what the codec had to do`, async () => [...calls])
  }
})
