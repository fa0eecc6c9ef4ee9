/**
 * Publishes messages: one awaited, many at once, with keys, headers and a tombstone.
 *
 *     npx tsx examples/publish.ts
 */
import { Kafka } from 'typed-kafka'
import { brokers, uniqueName } from './support/environment'

const kafka = new Kafka({ clientId: 'example-publish', brokers })
const topic = uniqueName('clicks')

const admin = kafka.admin()
await admin.createTopics([{ name: topic, partitions: 3, replicationFactor: 1 }])

const producer = kafka.producer()

// One message: resolves when all in-sync replicas have it.
const receipt = await producer.send(topic, { key: 'user-1', value: 'signed in', headers: { source: 'web' } })
console.log(`stored at ${receipt.topic}-${receipt.partition}@${receipt.offset}`)

// Many messages in one call, and many calls at once: both are batched, and order per partition is the order of `send`.
await Promise.all([
  producer.send(topic, [
    { key: 'user-1', value: 'opened the cart' },
    { key: 'user-2', value: Buffer.from('signed in') },
  ]),
  producer.send(topic, { key: 'user-1', value: 'paid' }),
])

// A tombstone: compaction removes the key.
await producer.send(topic, { key: 'user-2', value: null })

await producer.close()
await admin.deleteTopics([topic])
await admin.close()
