/**
 * A topic with types: keys are text, values are checked by a zod schema on the way out and on the way in.
 *
 *     npx tsx examples/typed-topic.ts
 */
import { json, Kafka, SerializationError, string, topic } from 'typed-kafka'
import { z } from 'zod'
import { brokers, uniqueName } from './support/environment'

const Order = z.object({
  id: z.string(),
  total: z.number().positive(),
  placedAt: z.coerce.date(),
})

const orders = topic(uniqueName('orders'), { key: string(), value: json(Order) })

const kafka = new Kafka({ clientId: 'example-typed', brokers })
const admin = kafka.admin()
await admin.createTopics([{ name: orders.name, partitions: 1, replicationFactor: 1 }])

const producer = kafka.producer()
await producer.send(orders, { key: 'o-1', value: { id: 'o-1', total: 42, placedAt: new Date() } })

try {
  await producer.send(orders, { key: 'o-2', value: { id: 'o-2', total: -1, placedAt: new Date() } })
} catch (error) {
  if (!(error instanceof SerializationError)) throw error
  console.log(`refused before anything was sent: ${error.message}`)
}

const consumer = kafka.consumer({ groupId: uniqueName('billing'), topics: [orders], startFrom: 'earliest' })
for await (const message of consumer) {
  // message.key is a string, message.value an Order with a real Date.
  console.log(`${message.key}: ${message.value.total} placed in ${message.value.placedAt.getFullYear()}`)
  break // the message was not finished, so it is not committed
}

await consumer.close()
await producer.close()
await admin.deleteTopics([orders.name])
await admin.close()
