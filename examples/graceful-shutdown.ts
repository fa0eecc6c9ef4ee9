/**
 * A service that ends when it is told to: on SIGTERM (or Ctrl+C) nothing more is handed out, what is being handled is
 * finished and committed, the member leaves its group, so that others take over at once, and the process exits with 0.
 *
 *     npx tsx examples/graceful-shutdown.ts
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka } from 'typed-kafka'
import { brokers, uniqueName } from './support/environment'

const kafka = new Kafka({ clientId: 'example-shutdown', brokers })
const topic = uniqueName('tasks')
const groupId = uniqueName('service')
const admin = kafka.admin()
await admin.createTopics([{ name: topic, partitions: 2, replicationFactor: 1 }])
const producer = kafka.producer()
const consumer = kafka.consumer({ groupId, topics: [topic], startFrom: 'earliest' })

let started = 0
let finished = 0

async function handle(): Promise<void> {
  started++
  await sleep(20)
  finished++
}

async function service(): Promise<void> {
  const shutdown = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      console.log(`${signal}: ending, with ${started - finished} messages being handled`)
      shutdown.abort()
    })
  }
  // Comes back when the signal has fired and the handlers that were running are done. A failure ends the process with
  // another code than 0, and whatever started it starts it again.
  try {
    await consumer.run(handle, { concurrency: 2, signal: shutdown.signal })
  } finally {
    // Orchestrators kill what does not end in time, mostly after 30 seconds.
    await consumer.close({ timeoutMs: 20_000 })
    await producer.close({ timeoutMs: 5000 })
  }
}

/** So that there is something to do, and someone who ends it. */
async function others(): Promise<void> {
  for (let i = 0; finished < 50; i++) {
    await producer.send(topic, { key: `task-${i}`, value: `task ${i}` })
    await sleep(2)
  }
  process.kill(process.pid, 'SIGTERM')
}

await Promise.all([service(), others().catch(() => undefined)])

const [offsets] = await admin.listGroupOffsets([{ groupId }])
const committed = (offsets?.offsets ?? []).reduce((sum, { offset }) => sum + Number(offset), 0)
console.log(`finished all ${started} messages that were begun: ${started === finished}`)
console.log(`committed exactly what was finished: ${committed === finished}`)
await admin.deleteTopics([topic])
await admin.close()
