import { Kafka } from 'typed-kafka'
import { Kafka as KafkaOfKafkaJS } from 'typed-kafka/kafkajs'

export const kafka: Kafka = new Kafka({ clientId: 'types', brokers: ['localhost:9092'] })
export const old: KafkaOfKafkaJS = new KafkaOfKafkaJS({ brokers: ['localhost:9092'] })
