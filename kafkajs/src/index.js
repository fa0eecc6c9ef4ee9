'use strict'

// Instrumentation replaces what this file exports, and what those of producer and consumer do: the class hands its clients
// through them, as that of KafkaJS does, and with each what they look for in KafkaJS's cluster object.
const { Kafka: TypedKafka } = require('typed-kafka/kafkajs')
const createConsumer = require('./consumer/index.js')
const createProducer = require('./producer/index.js')

const clusterKey = Symbol.for('typed-kafka.kafkajs.cluster')

module.exports = class Kafka extends TypedKafka {
  producer(config) {
    const producer = super.producer(config)
    return createProducer({ producer, cluster: producer[clusterKey] })
  }

  consumer(config) {
    const consumer = super.consumer(config)
    return createConsumer({ consumer, cluster: consumer[clusterKey] })
  }
}
