import { Kafka, logLevel } from 'kafkajs'

const connect = (brokers) => new Kafka({ brokers, clientId: 'bench', logLevel: logLevel.ERROR })

export async function createTopic(brokers, topic, partitions) {
  const admin = connect(brokers).admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }],
  })
  await admin.disconnect()
}

export async function openProducer(brokers, topic) {
  const producer = connect(brokers).producer()
  await producer.connect()
  return {
    send: (messages) => producer.send({ topic, messages, acks: -1 }),
    close: () => producer.disconnect(),
  }
}

export async function consume(brokers, topic, groupId, onBatch) {
  const consumer = connect(brokers).consumer({ groupId, maxBytes: 50 << 20 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachBatch: async ({ batch }) => onBatch(batch.messages, (m) => m.value) })
  return () => consumer.disconnect()
}
