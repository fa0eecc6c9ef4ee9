/**
 * A work queue: several workers take tasks from one partition, each task goes to one of them, and whoever is free takes
 * the next. A task that fails is given out again, one that nobody can read is rejected, and a slow one renews its lock.
 * Share groups need Kafka 4.2.
 *
 *     npx tsx examples/share-group.ts
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { json, Kafka, SerializationError, type ShareMessage, topic } from 'typed-kafka'
import { brokers, uniqueName } from './support/environment'

interface Task {
  readonly name: string
  readonly ms: number
}

const kafka = new Kafka({ clientId: 'example-share-group', brokers })
const tasks = topic(uniqueName('tasks'), { value: json<Task>() })
const groupId = uniqueName('workers')
const count = 40

const admin = kafka.admin()
await admin.createTopics([{ name: tasks.name, partitions: 1, replicationFactor: 1 }])
// Where a group begins, how long locks last and how often a message is delivered are set for the group as a whole.
const set = { 'share.auto.offset.reset': 'earliest', 'share.record.lock.duration.ms': 15_000 }
await admin.incrementalAlterConfigs([{ type: 'group', name: groupId, set }])

const producer = kafka.producer()
await producer.send(
  tasks,
  Array.from({ length: count }, (_, i) => ({ value: { name: `task ${i}`, ms: i === 7 ? 300 : 20 } })),
)
await producer.send(tasks.name, { value: 'no JSON at all' })
await producer.close()

async function perform(message: ShareMessage<unknown, Task>, renew: () => Promise<unknown>): Promise<void> {
  const { name, ms } = message.value
  if (name === 'task 3' && message.deliveryCount === 1) throw new Error('the printer is out of paper')
  if (ms > 100) {
    await sleep(ms / 2)
    await renew()
    console.log(`${name} takes long, and has renewed its lock`)
  }
  await sleep(ms / 2)
}

const finished = new AbortController()
const ends = { accept: 0, reject: 0, release: 0, renew: 0 }

async function work(worker: string): Promise<void> {
  let performed = 0
  await using consumer = kafka.shareConsumer({
    groupId,
    topics: [tasks],
    acknowledgementMode: 'explicit',
    // One at a time: what a worker holds and does not work on yet, nobody else can have.
    acquireMode: 'record_limit',
    maxPollRecords: 1,
    onAcknowledged: (results) => {
      for (const { ranges, error } of results) {
        // An error here means that the task will be delivered again, to this worker or another.
        if (error === undefined) for (const { type } of ranges) ends[type]++
      }
      if (ends.accept + ends.reject === count + 1) finished.abort()
    },
  })
  await consumer.run(
    async (message) => {
      const renew = () => {
        message.acknowledge('renew')
        return consumer.commit()
      }
      try {
        await perform(message, renew)
        message.acknowledge('accept')
        performed++
      } catch (error) {
        const type = error instanceof SerializationError ? 'reject' : 'release'
        console.log(`${type} after delivery ${message.deliveryCount}: ${String(error)}`)
        message.acknowledge(type)
      }
    },
    { signal: finished.signal },
  )
  console.log(`${worker} performed ${performed} tasks`)
}

await Promise.all(['Ada', 'Grace', 'Edsger'].map((worker) => work(worker)))
console.log(`${ends.accept} tasks accepted, ${ends.reject} rejected, ${ends.release} released on the way`)
await admin.deleteTopics([tasks.name])
await admin.close()
