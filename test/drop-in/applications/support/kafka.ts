import type { Admin, Kafka, KafkaMessage, Producer } from 'kafkajs'
import { until } from './application.js'

const readyTimeoutMs = 25_000

/** A topic to create, by default of one partition. */
export type NewTopic = string | { readonly topic: string; readonly numPartitions: number }

/**
 * Creates topics and waits until they can be used; gives what `createTopics` gave. KafkaJS's own `waitForLeaders` fails when
 * a broker answers before it has heard of the topic.
 */
export async function createTopics(kafka: Kafka, ...wanted: NewTopic[]): Promise<boolean> {
  const topics = wanted.map((each) => (typeof each === 'string' ? { topic: each, numPartitions: 1 } : each))
  const admin = kafka.admin()
  await admin.connect()
  try {
    const created = await admin.createTopics({ topics, waitForLeaders: false })
    const end = Date.now() + readyTimeoutMs
    while (!(await areReady(admin, topics))) {
      if (Date.now() > end) throw new Error(`waited in vain for ${JSON.stringify(topics)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return created
  } finally {
    await admin.disconnect()
  }
}

async function areReady(
  admin: Admin,
  wanted: readonly { topic: string; numPartitions: number }[],
): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: wanted.map(({ topic }) => topic) })
    return wanted.every(({ topic, numPartitions }) => {
      const partitions = topics.find(({ name }) => name === topic)?.partitions ?? []
      return partitions.filter(({ leader }) => leader >= 0).length === numPartitions
    })
  } catch {
    // The broker that was asked has not heard of them yet.
    return false
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
