import { Kafka, onDiagnostics, silentLogger } from 'typed-kafka'
import { randomIntegers } from '../../../support/random-integers'
import type { KafkaCluster } from '../kafka-cluster'
import { growth, type MemorySample, takeSample } from './memory-samples'
import { SoakGroup } from './soak-group'

export interface SoakOptions {
  /** Of the topic and the groups. */
  readonly name: string
  readonly seconds: number
  /** Messages a second. */
  readonly rate: number
  readonly seed: number
  readonly sampleEveryMs: number
  /** Between two faults, at most. */
  readonly faultEveryMs: number
  /** Milliseconds for everything to be consumed and to come to rest after the last message. */
  readonly settleMs: number
  readonly log?: (line: string) => void
}

export interface SoakReport {
  readonly sent: number
  readonly groups: readonly {
    readonly protocol: string
    readonly missing: number
    readonly duplicates: number
    readonly failures: readonly string[]
    /** At rest, after everything. */
    readonly troubles: readonly string[]
  }[]
  readonly faults: Readonly<Record<string, number>>
  /** Stalls that were told of while brokers were away, and how many of them are over. */
  readonly stalls: { readonly began: number; readonly ended: number }
  /** Megabytes, from the second third of the time to the last. */
  readonly growth: { readonly heapMb: number; readonly externalMb: number; readonly rssMb: number }
  readonly samples: readonly MemorySample[]
}

type Cluster = Pick<KafkaCluster, 'nodes' | 'bootstrap' | 'version'>

const partitions = 12
const padding = ' '.repeat(300)
/** Faults end, so that what follows is at rest, when so much of the time is over. */
const faultyShare = 0.85

/** Lets groups of both protocols and a producer live in this process while brokers and members come and go. */
export async function runSoak(cluster: Cluster, options: SoakOptions): Promise<SoakReport> {
  const { name, seconds, rate, sampleEveryMs } = options
  const startedAt = Date.now()
  const kafka = new Kafka({ clientId: 'soak', brokers: cluster.bootstrap, logger: silentLogger })
  await using admin = kafka.admin()
  await admin.createTopics([
    { name, partitions, replicationFactor: 3, configs: { 'min.insync.replicas': 2 } },
  ])
  const protocols = cluster.version.startsWith('3.')
    ? (['classic'] as const)
    : (['classic', 'consumer'] as const)
  const groups = protocols.map((groupProtocol) => {
    const known = { groupId: `${name}-${groupProtocol}`, topics: [name], groupProtocol }
    const session = { sessionTimeoutMs: undefined, heartbeatIntervalMs: undefined }
    const group = groupProtocol === 'classic' ? known : { ...known, ...session }
    return new SoakGroup(cluster.bootstrap, group, Math.ceil(rate * seconds * 1.1) + rate)
  })
  const stalls = { began: 0, ended: 0 }
  const unsubscribe = [
    onDiagnostics('typed-kafka:consumer:stall-began', () => void stalls.began++),
    onDiagnostics('typed-kafka:consumer:stall-ended', () => void stalls.ended++),
  ]
  const samples: MemorySample[] = []
  const sampling = setInterval(() => samples.push(takeSample(startedAt)), sampleEveryMs)
  try {
    for (const group of groups) for (let i = 0; i < 3; i++) group.join()
    const [sent, faults] = await Promise.all([feed(kafka, options), disturb(cluster, groups, options)])
    await settle(groups, sent, options.settleMs)
    return {
      sent,
      groups: groups.map((group, index) => ({
        protocol: protocols[index] ?? '',
        missing: sent - group.distinct,
        duplicates: group.received - group.distinct,
        failures: group.failures,
        troubles: group.troubles(),
      })),
      faults,
      stalls,
      growth: {
        heapMb: growth(samples, 'heapMb'),
        externalMb: growth(samples, 'externalMb'),
        rssMb: growth(samples, 'rssMb'),
      },
      samples,
    }
  } finally {
    clearInterval(sampling)
    for (const end of unsubscribe) end()
    await Promise.all(groups.map((group) => group.close()))
  }
}

/** Answers how many messages were sent. */
async function feed(kafka: Kafka, { name, seconds, rate }: SoakOptions): Promise<number> {
  await using producer = kafka.producer({ deliveryTimeoutMs: 120_000 })
  const end = Date.now() + seconds * 1000
  const startedAt = Date.now()
  let next = 0
  while (Date.now() < end) {
    const due = Math.min(rate * seconds, Math.ceil(((Date.now() - startedAt) / 1000) * rate), next + rate)
    const chunk = []
    for (; next < due; next++) chunk.push({ partition: next % partitions, value: `${next} ${padding}` })
    if (chunk.length > 0) await producer.send(name, chunk)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return next
}

/** One fault after another, until the time for them is over; answers how many there were of each. */
async function disturb(
  cluster: Cluster,
  groups: readonly SoakGroup[],
  { seconds, seed, faultEveryMs, log = () => {} }: SoakOptions,
): Promise<Record<string, number>> {
  const random = randomIntegers(seed)
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const end = Date.now() + seconds * 1000 * faultyShare
  const counts: Record<string, number> = {}
  const kinds = ['freeze', 'join', 'restart', 'leave', 'kill', 'join', 'leave'] as const
  for (let index = 0; ; index++) {
    await sleep(faultEveryMs / 2 + random(faultEveryMs / 2))
    if (Date.now() > end) return counts
    const kind = kinds[index % kinds.length] ?? 'join'
    const node = cluster.nodes[random(cluster.nodes.length)]
    const group = groups[random(groups.length)]
    if (node === undefined || group === undefined) return counts
    counts[kind] = (counts[kind] ?? 0) + 1
    log(`${kind} ${kind === 'join' || kind === 'leave' ? group.options.groupId : `broker ${node.id}`}`)
    if (kind === 'join') group.join()
    else if (kind === 'leave') await group.leave()
    else if (kind === 'freeze') {
      node.pause()
      await sleep(5_000 + random(4_000))
      node.resume()
    } else {
      await node.stop(kind === 'kill' ? 'SIGKILL' : 'SIGTERM')
      await node.start()
    }
    for (const each of groups) while (each.members.length < 2) each.join()
  }
}

/** Until everything was consumed and nobody is in trouble; after that time the report says what is wrong. */
async function settle(groups: readonly SoakGroup[], sent: number, settleMs: number): Promise<void> {
  const deadline = Date.now() + settleMs
  const isDone = () => groups.every((group) => group.distinct === sent && group.troubles().length === 0)
  while (!isDone() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100))
}
