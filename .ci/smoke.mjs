// Publishes with the ES module and reads with the CommonJS build through a real broker, then ends by itself. Run with
// every supported version of Node against the built package: node .ci/smoke.mjs HOST:PORT
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import process from 'node:process'
import * as zlib from 'node:zlib'
import { Kafka } from 'typed-kafka'

const common = createRequire(import.meta.url)('typed-kafka')

const count = 1000
const brokers = [process.argv[2]]
const topic = `smoke-${process.version}-${process.pid}`
const compression = 'zstdCompressSync' in zlib ? 'zstd' : 'gzip'

const kafka = new Kafka({ clientId: 'smoke', brokers })
const admin = kafka.admin()
await admin.createTopics([{ name: topic, partitions: 3, replicationFactor: 1 }])

const producer = kafka.producer({ compression })
const messages = Array.from({ length: count }, (_, n) => ({ key: `key-${n % 7}`, value: `value ${n}` }))
const receipts = await producer.send(topic, messages)
assert.equal(receipts.length, count)
await producer.close()

const consumer = new common.Kafka({ clientId: 'smoke', brokers }).consumer({
  groupId: topic,
  topics: [topic],
  startFrom: 'earliest',
})
const seen = new Set()
for await (const message of consumer) {
  seen.add(message.value.toString())
  if (seen.size === count) break
}
await consumer.close()
await admin.deleteTopics([topic])
await admin.close()
process.stdout.write(`Node ${process.version}: ${count} messages there and back with ${compression}\n`)
