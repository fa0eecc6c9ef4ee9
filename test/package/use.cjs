const assert = require('node:assert/strict')
const { InvalidOptionError, Kafka, KafkaError } = require('typed-kafka')
const kafkajs = require('typed-kafka/kafkajs')
const { createBroker, simulate } = require('typed-kafka/testing')

async function main() {
  const kafka = new Kafka({ clientId: 'cjs', brokers: ['localhost:1'] })
  assert.throws(
    () => kafka.producer({ lingerMs: -1 }),
    (error) => error instanceof InvalidOptionError && /lingerMs/.test(error.message),
  )
  const producer = kafka.producer()
  await producer.close()
  const broker = await createBroker({ network: 'memory' })
  const admin = new Kafka(broker.clientOptions()).admin()
  await admin.createTopics([{ name: 'orders', partitions: 2, replicationFactor: 1 }])
  await admin.close()
  assert.equal(broker.topics[0].partitions, 2)
  const old = new kafkajs.Kafka({ brokers: ['localhost:1'] }).admin()
  assert.equal(old.events.CONNECT, 'admin.connect')
  await broker.close()
  await simulate(1, (simulation) => simulation.sleep(1000))
  // Both builds in one process: an error of one is recognized by the other.
  const esm = await import('typed-kafka')
  assert.notEqual(esm.Kafka, Kafka)
  assert.ok(new esm.KafkaError('X', 'x') instanceof KafkaError)
}

main()
