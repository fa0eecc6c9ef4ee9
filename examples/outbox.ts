/**
 * A transactional outbox: what a shop stores in SQLite is published to Kafka in order, without duplicates and without
 * holes, although two relays fall asleep at bad moments and wake up when another one works.
 *
 * The shop writes an order and the news of it in one transaction of the database (outbox/shop-database.ts). A relay
 * (outbox/outbox-relay.ts) publishes the news and its own position in one transaction of Kafka. A message that Kafka will
 * not take stops the relay, since passing over it would be a hole. Readers must use `read_committed`.
 *
 *     npx tsx examples/outbox.ts
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { json, Kafka, string, topic } from 'typed-kafka'
import { OutboxRelay, type Outbox } from './outbox/outbox-relay'
import { ShopDatabase } from './outbox/shop-database'
import { brokers, uniqueName } from './support/environment'

const kafka = new Kafka({ clientId: 'example-outbox', brokers })
const events = topic(uniqueName('order-events'), {
  key: string(),
  value: json<{ order: number; amount: number }>(),
})
const positions = uniqueName('outbox-positions')
const transactionalId = uniqueName('outbox-relay')

const admin = kafka.admin()
await admin.createTopics([
  { name: events.name, partitions: 1, replicationFactor: 1 },
  {
    name: positions,
    partitions: 1,
    replicationFactor: 1,
    // Only full segments are compacted, and a relay that starts reads what is left: small ones keep that short.
    configs: { 'cleanup.policy': 'compact', 'segment.bytes': '1048576' },
  },
])
const folder = mkdtempSync(join(tmpdir(), 'outbox-'))
const database = new ShopDatabase(join(folder, 'shop.db'))

const morning = new AbortController()
const untilMorning = new Promise<void>((resolve) => morning.signal.addEventListener('abort', () => resolve()))

/** Starts a relay that falls asleep at its first call of one of the database's methods, and waits until it sleeps. */
async function sleepingRelay(fallsAsleepIn: keyof Outbox): Promise<{ readonly end: Promise<string> }> {
  let fallAsleep = () => {}
  const asleep = new Promise<void>((resolve) => (fallAsleep = resolve))
  const nap = async (method: keyof Outbox) => {
    if (method !== fallsAsleepIn) return
    fallAsleep()
    await untilMorning
  }
  const outbox: Outbox = {
    async rowsAfter(position, limit) {
      const rows = database.rowsAfter(position, limit)
      if (rows.length > 0) await nap('rowsAfter')
      return rows
    },
    async deleteUpTo(position) {
      await nap('deleteUpTo')
      database.deleteUpTo(position)
    },
  }
  const relay = new OutboxRelay({ kafka, outbox, events: events.name, positions, transactionalId })
  const end = relay.run(evening.signal).then(
    () => 'nothing',
    (error: Error) => error.name,
  )
  await asleep
  return { end }
}

const evening = new AbortController()

// Orders come in all the time.
const total = 300
const sold = (async () => {
  for (let i = 0; i < total; i++) {
    database.placeOrder(`customer-${i % 7}`, 1 + (i % 50))
    await sleep(1)
  }
})()
const beforeItPublishes = await sleepingRelay('rowsAfter')
console.log('a relay has read rows and falls asleep')
const afterItPublished = await sleepingRelay('deleteUpTo')
console.log('a relay has published rows and falls asleep before it deletes them')

const noon = new AbortController()
const relay = new OutboxRelay({ kafka, outbox: database, events: events.name, positions, transactionalId })
const working = relay.run(noon.signal)
await sold
while (database.rowsAfter(0, 1).length > 0) await sleep(10)
noon.abort()
await working

database.placeOrder('customer-1', 1)
morning.abort()
console.log(`the first wakes up, publishes and gets ${await beforeItPublishes.end}`)
console.log(`the second wakes up, publishes the next order and gets ${await afterItPublished.end}`)

const next = relay.run(evening.signal)
// Another service reads what was published.
const reader = kafka.consumer({
  groupId: uniqueName('warehouse'),
  topics: [events],
  startFrom: 'earliest',
  isolationLevel: 'read_committed',
})
const published: number[] = []
for await (const { value } of reader) {
  published.push(value.order)
  if (published.length > total) break
}
const placed = database.orderIds()
const isSame = String(placed) === String(published)
console.log(
  `${placed.length} orders placed, ${published.length} published, ${isSame ? 'the same in the same order' : 'NOT the same'}`,
)

await reader.close()
evening.abort()
await next
await admin.deleteTopics([events.name, positions])
await admin.close()
database.close()
rmSync(folder, { recursive: true })
