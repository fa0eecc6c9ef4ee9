import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, silentLogger } from 'typed-kafka'
import { consumerGroupsTool, runKafkaTool } from '../java-tools'
import type { KafkaVersion } from '../kafka-versions'
import { auditChurn, type ChurnAudit } from './churn-audit'
import { ChurnGroup } from './churn-group'
import { heartbeatIntervalMs, type ChurnMode } from './churn-modes'
import { readCommitLog } from './commit-log'
import { measurePauses, type Pauses } from './pauses'

export interface ChurnOptions {
  readonly mode: ChurnMode
  /** Of the topic and the group. */
  readonly name: string
  /** As many at least; they go on for as long as members are disturbed. */
  readonly messages: number
  /** Messages a second that are put into the topic. */
  readonly rate: number
  readonly sessionTimeoutMs: number
  /** How many are in the group before anything happens to them. */
  readonly members: number
  readonly disturb: (group: ChurnGroup) => Promise<void>
  /** Milliseconds that the group has, after the last message and the last disturbance, to finish and commit everything. */
  readonly settleMs: number
  readonly log?: (line: string) => void
}

export interface ChurnReport {
  readonly mode: ChurnMode
  readonly messages: number
  readonly audit: ChurnAudit
  /** Partitions whose committed offset is the end of their log, as `kafka-consumer-groups` tells it. */
  readonly javaComplete: number
  readonly pauses: Pauses
  readonly rebalances: number
  /** Members that ended by themselves, and why. */
  readonly ends: readonly { readonly name: string; readonly code: string; readonly wasReplaced: boolean }[]
  readonly seconds: number
  /** Where the ledgers are when something is wrong. */
  readonly folder: string | undefined
}

interface Cluster {
  readonly bootstrap: readonly string[]
  readonly version: KafkaVersion
}

export const churnPartitions = 12
/** What a member may be late with its heartbeats besides a freeze: its interval, and the time of a busy machine. */
const heartbeatSlackMs = heartbeatIntervalMs + 500

/** Lets a group consume a topic while its members come and go, and answers with what its members have written down. */
export async function runChurn(cluster: Cluster, options: ChurnOptions): Promise<ChurnReport> {
  const startedAt = Date.now()
  const { mode, name, sessionTimeoutMs, log = () => {} } = options
  const folder = await mkdtemp(join(tmpdir(), 'typed-kafka-churn-'))
  const kafka = new Kafka({ clientId: 'churn', brokers: [...cluster.bootstrap], logger: silentLogger })
  await using admin = kafka.admin()
  await admin.createTopics([{ name, partitions: churnPartitions }])
  const { bootstrap: brokers } = cluster
  const group = new ChurnGroup({ brokers, groupId: name, topic: name, mode, sessionTimeoutMs, folder, log })
  const fed = { from: 0, to: 0 }
  let messages = 0
  let ends: readonly number[] = []
  try {
    const prepared = await Promise.all(Array.from({ length: options.members }, () => group.prepare()))
    await Promise.all(prepared.map((member) => group.join(member)))
    await group.assigned(...prepared)
    fed.from = Date.now()
    const disturbed = options.disturb(group)
    ends = endsOf((messages = await feed(kafka, options, disturbed)))
    fed.to = Date.now()
    await disturbed
    await settle(kafka, options, ends)
    await Promise.all(group.members.slice().map((member) => group.leave(member)))
  } finally {
    await group.end()
  }
  const members = group.records()
  const harmlessFreezeMs = sessionTimeoutMs - heartbeatSlackMs
  const commits = await readCommitLog(kafka, name)
  const { audit, holdings } = auditChurn({ members, commits, ends, harmlessFreezeMs })
  const isWrong = audit.violations.length > 0
  if (!isWrong) await rm(folder, { recursive: true })
  return {
    mode,
    messages,
    audit,
    javaComplete: await countComplete(cluster, name, ends),
    pauses: measurePauses({ members, holdings, fed, harmlessFreezeMs }),
    rebalances: members.flatMap(({ entries }) => entries).filter(({ kind }) => kind === 'g').length,
    ends: group.ends(),
    seconds: Math.round((Date.now() - startedAt) / 1000),
    folder: isWrong ? folder : undefined,
  }
}

function endsOf(messages: number): number[] {
  return Array.from({ length: churnPartitions }, (_, partition) =>
    Math.ceil((messages - partition) / churnPartitions),
  )
}

/** Puts messages into all partitions in turn, a little at a time; answers how many. */
async function feed(
  kafka: Kafka,
  { name, messages, rate }: ChurnOptions,
  disturbed: Promise<void>,
): Promise<number> {
  await using producer = kafka.producer()
  let isOver = false
  const over = () => (isOver = true)
  disturbed.then(over, over)
  const startedAt = Date.now()
  let next = 0
  while (next < messages || !isOver) {
    const due = Math.ceil(((Date.now() - startedAt) / 1000) * rate)
    const chunk = []
    for (; next < due; next++) chunk.push({ partition: next % churnPartitions, value: `message ${next}` })
    if (chunk.length > 0) await producer.send(name, chunk)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return next
}

/** Waits until everything is committed, or the time is over: the audit says what is missing. */
async function settle(
  kafka: Kafka,
  { name, settleMs }: ChurnOptions,
  ends: readonly number[],
): Promise<void> {
  await using admin = kafka.admin()
  const deadline = Date.now() + settleMs
  while (Date.now() < deadline) {
    const [group] = await admin.listGroupOffsets([{ groupId: name }])
    const committed = new Map(group?.offsets?.map(({ partition, offset }) => [partition, Number(offset)]))
    if (ends.every((end, partition) => committed.get(partition) === end)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Lines of the Java tool: `GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG …`. */
async function countComplete(cluster: Cluster, name: string, ends: readonly number[]): Promise<number> {
  const output = await runKafkaTool(cluster.version, consumerGroupsTool(cluster.version), [
    '--bootstrap-server',
    cluster.bootstrap.join(),
    '--group',
    name,
    '--describe',
  ])
  const lines = output.split('\n').map((line) => line.trim().split(/\s+/))
  return ends.filter((end, partition) =>
    lines.some((line) =>
      [name, name, partition, end, end].every((expected, index) => line[index] === String(expected)),
    ),
  ).length
}
