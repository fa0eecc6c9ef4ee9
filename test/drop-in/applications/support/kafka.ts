import type { Kafka, KafkaMessage, Producer } from 'kafkajs'
import { until } from './application.js'

/** Creates topics of one partition, and waits until they can be used. */
export async function createTopics(kafka: Kafka, ...names: string[]): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const topics = names.map((topic) => ({ topic, numPartitions: 1 }))
    await admin.createTopics({ topics, waitForLeaders: true })
  } finally {
    await admin.disconnect()
  }
}

/** Lends a connected producer to `use`. */
export async function withProducer<Result>(
  kafka: Kafka,
  use: (producer: Producer) => Promise<Result>,
): Promise<Result> {
  const producer = kafka.producer()
  await producer.connect()
  try {
    return await use(producer)
  } finally {
    await producer.disconnect()
  }
}

/** Reads so many messages of a topic from its beginning; `handle` has each before the next one comes. */
export async function readMessages(
  kafka: Kafka,
  topic: string,
  count: number,
  handle: (message: KafkaMessage) => Promise<void> | void,
): Promise<void> {
  const consumer = kafka.consumer({ groupId: `readers-of-${topic}`, maxWaitTimeInMs: 50 })
  let handled = 0
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        await handle(message)
        handled++
      },
    })
    await until(() => handled >= count, `${count} messages of ${topic}`)
  } finally {
    await consumer.disconnect()
  }
}
