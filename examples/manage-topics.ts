/**
 * Creates a topic, adds partitions, changes a config, deletes old records, and shows how results tell what failed.
 *
 *     npx tsx examples/manage-topics.ts
 */
import { setTimeout } from 'node:timers/promises'
import { AdminError, Kafka } from 'typed-kafka'
import { brokers, uniqueName } from './support/environment'

const kafka = new Kafka({ clientId: 'example-admin', brokers })
const name = uniqueName('orders')

await using admin = kafka.admin()
await admin.createTopics([
  { name, partitions: 3, replicationFactor: 1, configs: { 'retention.ms': 86_400_000 } },
])

// A failed item rejects the call; the error says how each item ended …
try {
  await admin.createTopics([{ name, partitions: 3, replicationFactor: 1 }])
} catch (error) {
  if (!(error instanceof AdminError)) throw error
  console.log(error.message)
}

// … or, with `partial`, the call resolves and every result carries its own error or null.
const results = await admin.describeTopics([name, 'no-such-topic'], { partial: true })
for (const result of results) console.log(result.name, result.error === null ? 'exists' : result.error.code)

await admin.createPartitions([{ topic: name, totalCount: 6 }])
const [description] = await admin.describeTopics([name])
console.log(`${name} has ${description?.partitions.length} partitions`)

await admin.incrementalAlterConfigs([{ type: 'topic', name, set: { 'retention.ms': 3_600_000 } }])
// The controller has decided; brokers hear of it a moment later.
while ((await retentionMs()) !== '3600000') await setTimeout(50)
console.log(`retention.ms is now ${await retentionMs()}`)

const cluster = await admin.describeCluster()
console.log(`cluster ${cluster.clusterId} has ${cluster.brokers.length} brokers`)

await admin.deleteTopics([name])

async function retentionMs(): Promise<string | null | undefined> {
  const [topic] = await admin.describeConfigs([{ type: 'topic', name, configNames: ['retention.ms'] }])
  return topic?.configs['retention.ms']?.value
}
