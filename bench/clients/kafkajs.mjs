import { kafkajsShapes } from './kafkajs-shapes.mjs'

const codecNames = { none: 'None', gzip: 'GZIP', snappy: 'Snappy', lz4: 'LZ4', zstd: 'ZSTD' }

/** KafkaJS with its defaults; codecs as its users add them. */
export async function open() {
  const { Kafka, CompressionTypes, logLevel } = await import('kafkajs')
  const connect = (brokers) => new Kafka({ brokers, clientId: 'bench', logLevel: logLevel.NOTHING })
  return {
    message: (_, key, value) => ({ key, value }),
    async openProducer({ brokers, topic, compression = 'none' }) {
      await registerCodec(compression)
      const producer = connect(brokers).producer()
      await producer.connect()
      const type = CompressionTypes[codecNames[compression]]
      return {
        send: (messages) => producer.send({ topic, messages, acks: -1, compression: type }),
        close: () => producer.disconnect(),
      }
    },
    async consume({ brokers, topic, groupId, shape, onValue }) {
      for (const codec of ['lz4', 'snappy', 'zstd']) await registerCodec(codec)
      const consumer = connect(brokers).consumer({ groupId, maxBytes: 50 << 20 })
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run(kafkajsShapes(onValue)[shape])
      return () => consumer.disconnect()
    },
  }
}

async function registerCodec(name) {
  const { default: kafkajs } = await import('kafkajs')
  const { CompressionCodecs, CompressionTypes } = kafkajs
  if (name === 'snappy') CompressionCodecs[CompressionTypes.Snappy] = (await import('kafkajs-snappy')).default
  // The packages for these two need native builds that current versions of Node refuse.
  if (name === 'lz4') {
    const { compressFrame, decompressFrame } = await import('lz4-napi')
    CompressionCodecs[CompressionTypes.LZ4] = () => ({
      compress: (encoder) => compressFrame(encoder.buffer),
      decompress: (buffer) => decompressFrame(buffer),
    })
  }
  if (name === 'zstd') {
    const { zstdCompressSync, zstdDecompressSync } = await import('node:zlib')
    CompressionCodecs[CompressionTypes.ZSTD] = () => ({
      compress: async (encoder) => zstdCompressSync(encoder.buffer),
      decompress: async (buffer) => zstdDecompressSync(buffer),
    })
  }
}
