import { Kafka } from '../../dist/index.js'

export async function openProducer(brokers, topic) {
  const kafka = new Kafka({ brokers, clientId: 'bench' })
  const producer = kafka.producer()
  return { send: (messages) => producer.send(topic, messages), close: () => producer.close() }
}

export async function consume(brokers, topic, groupId, onBatch) {
  const kafka = new Kafka({ brokers, clientId: 'bench' })
  const consumer = kafka.consumer({ groupId, topics: [topic], startFrom: 'earliest' })
  const running = consumer.runBatches((batch) => onBatch(batch, (m) => m.value))
  running.catch((error) => console.error(error))
  return () => consumer.close()
}
