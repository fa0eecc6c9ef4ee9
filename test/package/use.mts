import { json, Kafka, string, topic, type KafkaError } from 'typed-kafka'
import { Kafka as KafkaOfKafkaJS, type EachMessagePayload } from 'typed-kafka/kafkajs'
import { createBroker, type TestCluster } from 'typed-kafka/testing'

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

export async function useBroker(): Promise<TestCluster> {
  const broker = await createBroker({ network: 'memory', version: '3.7' })
  new Kafka(broker.clientOptions())
  broker.on('Produce', (request, exchange) => {
    const acks: number = request.acks
    if (acks === 0) exchange.drop()
  })
  // @ts-expect-error an unknown API must not compile
  broker.on('Prodce', () => {})
  // @ts-expect-error an unknown option must not compile
  await createBroker({ brokrs: 3 })
  return broker
}

export async function useDropIn(): Promise<void> {
  const consumer = new KafkaOfKafkaJS({ brokers: ['localhost:9092'] }).consumer({ groupId: 'billing' })
  const offsetOf = ({ message }: EachMessagePayload): string => message.offset
  await consumer.run({ eachMessage: async (payload) => void offsetOf(payload) })
  // @ts-expect-error an unknown option must not compile
  await consumer.run({ eachMesage: () => {} })
}
