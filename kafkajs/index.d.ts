export * from 'typed-kafka/kafkajs'
