const assert = require('node:assert/strict')
const { InvalidOptionError, Kafka, KafkaError } = require('typed-kafka')

async function main() {
  const kafka = new Kafka({ clientId: 'cjs', brokers: ['localhost:1'] })
  assert.throws(
    () => kafka.producer({ lingerMs: -1 }),
    (error) => error instanceof InvalidOptionError && /lingerMs/.test(error.message),
  )
  const producer = kafka.producer()
  await producer.close()
  // Both builds in one process: an error of one is recognized by the other.
  const esm = await import('typed-kafka')
  assert.notEqual(esm.Kafka, Kafka)
  assert.ok(new esm.KafkaError('X', 'x') instanceof KafkaError)
}

main()
