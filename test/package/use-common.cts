import { Kafka } from 'typed-kafka'

export const kafka: Kafka = new Kafka({ clientId: 'types', brokers: ['localhost:9092'] })
