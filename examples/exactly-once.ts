/**
 * Orders become invoices, exactly once: what is read and what is written count together, in one transaction. The first
 * attempt fails half-way, and nothing of it is seen.
 *
 *     npx tsx examples/exactly-once.ts
 */
import { json, Kafka, string, topic } from 'typed-kafka'
import { brokers, uniqueName } from './support/environment'

const kafka = new Kafka({ clientId: 'example-exactly-once', brokers })
const orders = topic(uniqueName('orders'), { key: string(), value: json<{ amount: number }>() })
const invoices = topic(uniqueName('invoices'), {
  key: string(),
  value: json<{ order: string; total: number }>(),
})
const total = 200

const admin = kafka.admin()
await admin.createTopics(
  [orders, invoices].map(({ name }) => ({ name, partitions: 3, replicationFactor: 1 })),
)

const shop = kafka.producer()
await shop.send(
  orders,
  Array.from({ length: total }, (_, i) => ({ key: `o-${i}`, value: { amount: i } })),
)

// One transactional id for each process that runs at the same time, and the same one when it starts again.
const producer = kafka.producer({ transactionalId: uniqueName('billing') })
const consumer = kafka.consumer({
  groupId: uniqueName('billing'),
  topics: [orders],
  startFrom: 'earliest',
  isolationLevel: 'read_committed',
})

const done = new AbortController()
let billed = 0
let attempts = 0
const run = () =>
  consumer.processTransactionally(
    producer,
    async (batch, tx) => {
      attempts++
      for (const { key, value } of batch) {
        // Not awaited: the commit waits for all of them, and fails when one of them does.
        void tx.send(invoices, { key, value: { order: key, total: value.amount * 1.2 } })
      }
      if (attempts === 1) throw new Error('the billing service crashed')
      billed += batch.length
      if (billed === total) done.abort()
    },
    { maxMessages: 50, signal: done.signal },
  )

await run().catch((error: Error) => console.log(`first run: ${error.message}`))
await run()
await consumer.close()

// Another service reads what was committed, and nothing else.
const reader = kafka.consumer({
  groupId: uniqueName('ledger'),
  topics: [invoices],
  startFrom: 'earliest',
  isolationLevel: 'read_committed',
})
const invoiced: string[] = []
for await (const message of reader) {
  invoiced.push(message.value.order)
  if (invoiced.length === total) break
}
console.log(
  `${total} orders, ${invoiced.length} invoices for ${new Set(invoiced).size} of them, in ${attempts} transactions`,
)

await reader.close()
await producer.close()
await shop.close()
await admin.deleteTopics([orders.name, invoices.name])
await admin.close()
