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
