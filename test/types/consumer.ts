// Compiled, never run: what a consumer's messages are typed as, and what must not compile.
import { json, Kafka, nullable, string, topic } from 'typed-kafka'

interface Order {
  id: string
  total: number
}

const kafka = new Kafka({ brokers: ['localhost:9092'] })
const orders = topic('orders', { key: string(), value: json<Order>() })
const removals = topic('removals', { key: string(), value: nullable(json<Order>()) })

export async function typed(): Promise<void> {
  for await (const message of kafka.consumer({ groupId: 'g', topics: [orders] })) {
    const total: number = message.value.total
    const key: string = message.key
    // @ts-expect-error the schema has no such field
    void message.value.price
    void [total, key]
  }
  for await (const message of kafka.consumer({ groupId: 'g', topics: [removals] })) {
    // @ts-expect-error a nullable value may be null
    void message.value.total
    const total: number | undefined = message.value?.total
    void total
  }
}

export async function raw(): Promise<void> {
  await kafka.consumer({ groupId: 'g', topics: ['clicks'] }).run((message) => {
    const value: Buffer | null = message.value
    return value
  })
  await kafka.consumer({ assign: [{ topic: 'clicks', partition: 0 }] }).runBatches((batch) => {
    for (const message of batch) {
      const value: Buffer | null = message.value
      void value
    }
  })
}

export async function mixed(): Promise<void> {
  await kafka.consumer({ groupId: 'g', topics: [orders, 'clicks'] }).run((message) => {
    const value: Order | Buffer | null = message.value
    return value
  })
  // @ts-expect-error there is no such option
  kafka.consumer({ groupId: 'g', topic: 'orders' })
}

export async function transactional(): Promise<void> {
  const consumer = kafka.consumer({ groupId: 'g', topics: [orders], isolationLevel: 'read_committed' })
  await consumer.processTransactionally(kafka.producer({ transactionalId: 't' }), async (batch, tx) => {
    for (const { key, value } of batch) {
      const total: number = value.total
      await tx.send(orders, { key, value: { id: value.id, total } })
      // @ts-expect-error the value is not an Order
      await tx.send(orders, { key, value: { id: 1 } })
    }
    // @ts-expect-error the end of the transaction is not the handler's
    await tx.commit()
  })
  // @ts-expect-error a producer is needed
  await consumer.processTransactionally(async () => {})
}
