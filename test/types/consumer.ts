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

export async function chosen(): Promise<void> {
  const ranges = kafka.consumer({ assign: [{ topic: orders, partition: 0, until: 'end' }, removals] })
  for await (const message of ranges) {
    const total: number | undefined = message.value?.total
    void total
    // @ts-expect-error one of the topics has nullable values
    void message.value.total
  }
  const typed = kafka.consumer({ groupId: 'g', topics: [orders, removals] })
  typed.subscribe([orders])
  typed.subscribe([])
  // @ts-expect-error messages of this topic would be bytes, which this consumer's are not
  typed.subscribe(['clicks'])
  // @ts-expect-error as those of topics that a pattern finds
  typed.subscribe([/clicks/])
  // @ts-expect-error nor is this definition among its topics
  typed.subscribe([topic('others', { value: string() })])
  const bytes = kafka.consumer({ groupId: 'g', topics: [/^events/, orders] })
  bytes.subscribe(['clicks', /^more/, orders])
  await bytes.run((message) => {
    const value: Order | Buffer | null = message.value
    if (message.isFrom(orders)) void message.value.total
    return value
  })
  // @ts-expect-error there is no such end
  kafka.consumer({ assign: ['clicks'], until: 'now' })
}

export async function streamed(): Promise<void> {
  const consumer = kafka.consumer({ groupId: 'g', topics: [orders] })
  for await (const { value } of consumer.readable()) void value.total
  for await (const { value } of consumer.readableStream()) void value.total
  for await (const { value } of consumer.messages({ signal: AbortSignal.timeout(1) })) void value.total
  // @ts-expect-error an order has no price
  consumer.readable().on('data', ({ value }) => void value.price)
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
