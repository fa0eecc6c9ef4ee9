import { json, Kafka, string, topic, type KafkaError } from 'typed-kafka'

interface Order {
  id: string
  amount: number
}

const orders = topic('orders', { key: string(), value: json<Order>() })
const kafka = new Kafka({ clientId: 'types', brokers: ['localhost:9092'] })

export async function use(): Promise<bigint> {
  const producer = kafka.producer()
  const receipt = await producer.send(orders, { key: 'o-1', value: { id: 'o-1', amount: 3 } })
  // @ts-expect-error a value of another shape must not compile
  await producer.send(orders, { key: 'o-1', value: { id: 1 } })
  // @ts-expect-error an unknown option must not compile
  kafka.producer({ lingerSeconds: 1 })
  await producer.close()
  return receipt.offset
}

export const codeOf = (error: KafkaError): string => error.code
