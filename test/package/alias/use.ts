// Typed by the names of KafkaJS, from the package that has its name.
import {
  CompressionTypes,
  type EachMessagePayload,
  Kafka,
  KafkaJSProtocolError,
  type Producer,
} from 'kafkajs'

const kafka = new Kafka({ clientId: 'types', brokers: ['localhost:9092'] })

export async function use(): Promise<string | undefined> {
  const producer: Producer = kafka.producer()
  const [sent] = await producer.send({
    topic: 'orders',
    compression: CompressionTypes.GZIP,
    messages: [{ key: 'o-1', value: 'x' }],
  })
  // @ts-expect-error messages are needed
  await producer.send({ topic: 'orders' })
  const consumer = kafka.consumer({ groupId: 'readers' })
  await consumer.run({
    eachMessage: async ({ message }: EachMessagePayload) => {
      if (message.offset === '0') throw new KafkaJSProtocolError('x')
    },
  })
  return sent?.baseOffset
}
