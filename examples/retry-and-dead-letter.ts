/**
 * What happens when a handler fails: a service that is down for a moment is tried again, and a message that nobody can
 * handle goes to a dead-letter topic with the reason. Later, when the cause is mended, it is replayed from there.
 *
 *     npx tsx examples/retry-and-dead-letter.ts
 */
import { deadLetter, deadLetterHeaders, json, Kafka, onDiagnostics, silentLogger, topic } from 'typed-kafka'
import { brokers, uniqueName } from './support/environment'

interface Order {
  readonly id: number
  readonly total: number
}

// The warnings about dead letters are left out here, because the events say the same.
const kafka = new Kafka({ clientId: 'example-dead-letters', brokers, logger: silentLogger })
const name = uniqueName('orders')
const orders = topic(name, { value: json<Order>() })
const failed = topic(`${name}.dead-letter`, { value: json<Order>() })
const total = 20

const admin = kafka.admin()
await admin.createTopics([
  { name, partitions: 2, replicationFactor: 1 },
  // Dead letters keep the time of their originals: without this, old ones could be deleted at once.
  { name: failed.name, partitions: 1, replicationFactor: 1, configs: { 'retention.ms': '-1' } },
])
const producer = kafka.producer()
await producer.send(
  orders,
  Array.from({ length: total }, (_, id) => ({
    value: { id, total: id === 13 ? -1 : id * 10 },
    partition: id % 2,
  })),
)

onDiagnostics('typed-kafka:consumer:message-retried', ({ partition, offset, attempts, error }) =>
  console.log(`retry ${attempts} of ${partition}@${offset}: ${String(error)}`),
)

async function book(order: Order, attempt: number): Promise<void> {
  await Promise.resolve()
  if (order.id === 4 && attempt < 3) throw new Error('the booking service does not answer')
  if (order.total < 0) throw new RangeError(`order ${order.id} has a negative total`)
}

const consumer = kafka.consumer({ groupId: uniqueName('booking'), topics: [orders], startFrom: 'earliest' })
let booked = 0
const done = new AbortController()
await consumer.run(
  async ({ value }, { attempt }) => {
    await book(value, attempt)
    if (++booked === total - 1) done.abort()
  },
  {
    concurrency: 2,
    signal: done.signal,
    onError: {
      retries: 10,
      retryBackoffMs: 50,
      retryBackoffMaxMs: 1000,
      isRetriable: (error) => !(error instanceof RangeError),
      giveUp: deadLetter(producer),
    },
  },
)
await consumer.close()
console.log(`booked ${booked} of ${total} orders`)

// The replay: what is wrong with the orders is mended, and they go back to where they came from. The headers of the dead
// letter go with them, so that it stays known what has happened to them.
const replay = kafka.consumer({ assign: [{ topic: failed, until: 'end' }], startFrom: 'earliest' })
await replay.run(async (letter) => {
  const origin = letter.header(deadLetterHeaders.topic)?.toString() ?? ''
  const reason = letter.header(deadLetterHeaders.errorMessage)?.toString()
  console.log(`replaying order ${letter.value.id} to ${origin === name ? 'its topic' : origin}: ${reason}`)
  await producer.send(orders, { value: { ...letter.value, total: 0 }, headers: letter.headers })
})
await replay.close()

await producer.close()
await admin.deleteTopics([name, failed.name])
await admin.close()
