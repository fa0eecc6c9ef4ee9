// Compiled, never run: that error policies know the messages they are about, and what can't be a policy.
import { deadLetter, type ErrorPolicy, json, Kafka, string, topic } from 'typed-kafka'

interface Order {
  id: string
  total: number
}

const kafka = new Kafka({ brokers: ['localhost:9092'] })
const orders = topic('orders', { key: string(), value: json<Order>() })
const consumer = kafka.consumer({ groupId: 'g', topics: [orders] })
const producer = kafka.producer()

export async function policies(): Promise<void> {
  await consumer.run(() => {}, { onError: { giveUp: deadLetter(producer) } })
  await consumer.run(() => {}, {
    order: 'key',
    onError: {
      retries: Infinity,
      isRetriable: (error, message) => {
        const total: number = message.value.total
        // @ts-expect-error an order has no price
        void message.value.price
        // @ts-expect-error what a handler throws can be anything
        void error.message
        return total > 0
      },
      giveUp: deadLetter(producer, {
        topic: ({ value }) => `${value.id}.failed`,
        headers: ({ message, attempts }) => ({ key: message.key, attempts: String(attempts) }),
      }),
    },
  })
  await consumer.runBatches(
    async (batch, { finish, attempt, signal }) => {
      for (const message of batch) {
        await fetch(`http://localhost/${message.value.id}/${attempt}`, { signal })
        finish(message)
      }
      // @ts-expect-error a batch is not one of its messages
      finish(batch)
    },
    { onError: { giveUp: ({ message }) => (message.value.total > 100 ? deadLetter(producer) : 'skip') } },
  )
  await consumer.run(() => {}, { onError: { giveUp: async () => Promise.resolve('stop') } })
  // @ts-expect-error there is no such end
  await consumer.run(() => {}, { onError: { giveUp: 'ignore' } })
  // @ts-expect-error only batches are finished in parts
  await consumer.run((message, { finish }) => finish(message))
}

/** One policy can be shared by consumers of whatever types. */
export const shared: ErrorPolicy = { retries: 3, giveUp: deadLetter(producer, { topic: 'failed' }) }

export async function sharing(): Promise<void> {
  await consumer.run(() => {}, { onError: shared })
  await kafka.consumer({ groupId: 'g', topics: ['clicks'] }).runBatches(() => {}, { onError: shared })
  // @ts-expect-error a consumer sends nothing
  deadLetter(consumer)
}
