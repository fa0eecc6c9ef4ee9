import { kafkajsShapes } from './kafkajs-shapes.mjs'

/** @confluentinc/kafka-javascript in its KafkaJS shape, with its defaults but no limit on a batch's messages. */
export async function open() {
  const { KafkaJS } = await import('../native/node_modules/@confluentinc/kafka-javascript/lib/index.js').then(
    (module) => module.default,
  )
  const { CompressionTypes, Kafka, logLevel } = KafkaJS
  const connect = (brokers) =>
    new Kafka({ kafkaJS: { brokers, clientId: 'bench', logLevel: logLevel.NOTHING } })
  return {
    message: (_, key, value) => ({ key, value }),
    async openProducer({ brokers, topic, compression = 'none', prompt }) {
      const type = CompressionTypes[compression === 'none' ? 'None' : compression.toUpperCase()]
      const producer = connect(brokers).producer({
        kafkaJS: { acks: -1, compression: type },
        ...(prompt && { 'linger.ms': 0 }),
      })
      await producer.connect()
      return { send: (messages) => producer.send({ topic, messages }), close: () => producer.disconnect() }
    },
    async consume({ brokers, topic, groupId, shape, onValue }) {
      const consumer = connect(brokers).consumer({
        kafkaJS: { groupId, fromBeginning: true },
        'js.consumer.max.batch.size': -1,
      })
      await consumer.connect()
      await consumer.subscribe({ topic })
      await consumer.run(kafkajsShapes(onValue)[shape])
      return () => consumer.disconnect()
    },
  }
}
