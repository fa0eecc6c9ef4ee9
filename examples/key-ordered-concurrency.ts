/**
 * Sixteen handlers at once, and still every account sees its bookings in their order: what has the same key is handled one
 * after another, everything else side by side. The positions that are committed never pass an unfinished message.
 *
 *     npx tsx examples/key-ordered-concurrency.ts
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { int32, Kafka, string, topic } from 'typed-kafka'
import { brokers, uniqueName } from './support/environment'

const kafka = new Kafka({ clientId: 'example-key-order', brokers })
const bookings = topic(uniqueName('bookings'), { key: string(), value: int32() })
const accounts = 20
const perAccount = 10

const admin = kafka.admin()
await admin.createTopics([{ name: bookings.name, partitions: 2, replicationFactor: 1 }])
const producer = kafka.producer()
await producer.send(
  bookings,
  Array.from({ length: accounts * perAccount }, (_, i) => ({
    key: `account-${i % accounts}`,
    value: Math.floor(i / accounts),
  })),
)
await producer.close()

const consumer = kafka.consumer({ groupId: uniqueName('ledger'), topics: [bookings], startFrom: 'earliest' })
const ledger = new Map<string, number[]>()
const done = new AbortController()
let handled = 0
let running = 0
let most = 0
const begin = performance.now()
await consumer.run(
  async ({ key, value }) => {
    most = Math.max(most, ++running)
    await sleep(10) // a call of a database, say
    ledger.set(key, [...(ledger.get(key) ?? []), value])
    running--
    if (++handled === accounts * perAccount) done.abort()
  },
  { concurrency: 16, order: 'key', signal: done.signal },
)
const tookMs = Math.round(performance.now() - begin)
await consumer.close()

const inOrder = [...ledger.values()].filter((values) =>
  values.every((value, index) => value === index),
).length
console.log(`${handled} bookings, up to ${most} at once, in ${tookMs} ms instead of ${handled * 10} ms`)
console.log(`${inOrder} of ${accounts} accounts saw theirs in order`)
await admin.deleteTopics([bookings.name])
await admin.close()
