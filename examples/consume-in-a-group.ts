/**
 * Two members of one consumer group share the partitions of a topic. Messages are committed after they were handled.
 *
 *     npx tsx examples/consume-in-a-group.ts
 */
import { Kafka } from 'typed-kafka'
import { brokers, uniqueName } from './support/environment'

const kafka = new Kafka({ clientId: 'example-group', brokers })
const topic = uniqueName('jobs')
const groupId = uniqueName('workers')
const total = 100

const admin = kafka.admin()
await admin.createTopics([{ name: topic, partitions: 4, replicationFactor: 1 }])

const producer = kafka.producer()
await producer.send(
  topic,
  Array.from({ length: total }, (_, i) => ({ key: `job-${i}`, value: `work ${i}` })),
)

const members = ['a', 'b'].map((name) => ({
  name,
  consumer: kafka.consumer({ groupId, topics: [topic], startFrom: 'earliest' }),
  handled: 0,
}))

let handled = 0
const done = new AbortController()
await Promise.all(
  members.map((member) =>
    // Up to eight messages at once; those of one key stay in order. Ends when the signal fires.
    member.consumer.run(
      async (message) => {
        await Promise.resolve(message.value?.toString())
        member.handled++
        if (++handled === total) done.abort()
      },
      { concurrency: 8, order: 'key', signal: done.signal },
    ),
  ),
)

for (const member of members) {
  await member.consumer.close() // commits what was handled and leaves the group
  console.log(`member ${member.name} handled ${member.handled} jobs`)
}
await producer.close()
await admin.deleteTopics([topic])
await admin.close()
