import { Kafka } from '../../../src'
import type { BrokerApiName, Simulation, SimulationOptions } from '../../../src/testing'
import { disturb, disturbedApis } from './disturbances'
import { Ledger } from './ledger'
import { MixedGroup } from './mixed-group'
import { produce } from './workload'

const topic = 'orders'
const groupId = 'billing'
const partitions = 5

const apis: readonly BrokerApiName[] = [
  ...disturbedApis,
  'ConsumerGroupHeartbeat',
  'ConsumerGroupHeartbeat',
  'ConsumerGroupHeartbeat',
  'ConsumerGroupHeartbeat',
  'OffsetCommit',
  'LeaveGroup',
  'OffsetForLeaderEpoch',
]

/** Brokers with sessions and heartbeats of the length that classic members of the workload ask for. */
export const mixedGroupsCluster: SimulationOptions = {
  brokers: 3,
  configs: {
    'group.consumer.min.heartbeat.interval.ms': 100,
    'group.consumer.heartbeat.interval.ms': 500,
    'group.consumer.min.session.timeout.ms': 1000,
    'group.consumer.session.timeout.ms': 6000,
    'group.consumer.assignment.interval.ms': 0,
    'group.consumer.migration.policy': 'bidirectional',
  },
}

/**
 * A group whose members are of the classic protocol, with every assignor, and of KIP-848, and which moves from one to
 * the other and back, while the cluster is disturbed; then everything comes to rest, and what was handled and committed
 * is compared with what is in the logs (laws L13 to L16).
 */
export async function runMixedGroupsWorkload(sim: Simulation): Promise<void> {
  const { chance, cluster } = sim
  const ledger = new Ledger()
  cluster.createTopic(topic, { partitions, replicationFactor: 3, configs: { 'min.insync.replicas': '2' } })
  const kafka = new Kafka({
    ...sim.clientOptions(),
    requestTimeoutMs: chance.between(1500, 5000),
    retryBackoffMs: 50,
  })
  // With a committed offset nobody may begin anywhere else: who takes a failed lookup for none would skip messages (L13).
  const startsCommitted = chance.happens(0.5)
  if (startsCommitted) await commitBeginnings(kafka)
  const quietAt = chance.between(5000, 20_000)
  const group = new MixedGroup(sim, kafka, ledger, {
    topic,
    groupId,
    partitions,
    startFrom: startsCommitted ? 'latest' : 'earliest',
  })
  await Promise.all([
    disturb(sim, [topic], quietAt, apis),
    ...Array.from({ length: chance.between(1, 2) }, (_, i) => produce(sim, kafka, ledger, `p${i}`, quietAt)),
    group.churn(quietAt),
  ])
  await group.finish()
  ledger.check(cluster.records(topic), group.committed())
  if (cluster.failures.length > 0) {
    throw new Error(`The broker itself failed: ${String((cluster.failures[0] as { error: unknown }).error)}`)
  }
}

async function commitBeginnings(kafka: Kafka): Promise<void> {
  const consumer = kafka.consumer({ groupId, assign: [topic], autoCommit: false })
  await consumer.commit(
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0n })),
  )
  await consumer.close()
}
