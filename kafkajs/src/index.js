'use strict'

// Instrumentation replaces what this file exports, and what those of producer and consumer do: the class makes its clients
// through them, as the class of KafkaJS does.
const { Kafka: TypedKafka } = require('typed-kafka/kafkajs')
const createConsumer = require('./consumer/index.js')
const createProducer = require('./producer/index.js')

module.exports = class Kafka extends TypedKafka {
  producer(config) {
    return createProducer({ create: () => super.producer(config) })
  }

  consumer(config) {
    return createConsumer({ create: () => super.consumer(config) })
  }
}
