import assert from 'node:assert/strict'
import { InvalidOptionError, Kafka, KafkaError, json, string, topic } from 'typed-kafka'
import * as all from 'typed-kafka'
import { CompressionTypes, Kafka as KafkaOfKafkaJS } from 'typed-kafka/kafkajs'
import { createBroker } from 'typed-kafka/testing'

assert.equal('default' in all, false)
const kafka = new Kafka({ clientId: 'esm', brokers: ['localhost:1'] })
assert.equal(topic('orders', { key: string(), value: json() }).name, 'orders')
assert.throws(
  () => new Kafka({ clientId: 'esm', brokers: [], unknownOption: 1 }),
  (error) =>
    error instanceof InvalidOptionError && error instanceof KafkaError && error.code === 'INVALID_OPTION',
)
// Nothing was sent, so closing must leave nothing that would keep this process alive.
const producer = kafka.producer()
await producer.close()

const broker = await createBroker({ topics: [{ name: 'orders' }] })
const sender = new Kafka({ clientId: 'esm', brokers: broker.bootstrap }).producer()
await sender.send('orders', { value: 'x' })
await sender.close()
assert.equal(String(broker.records('orders')[0].value), 'x')
const old = new KafkaOfKafkaJS({ brokers: broker.bootstrap }).producer()
await old.connect()
await old.send({ topic: 'orders', compression: CompressionTypes.LZ4, messages: [{ value: 'y' }] })
await old.disconnect()
assert.equal(String(broker.records('orders')[1].value), 'y')
await broker.close()
