import { silentLogger } from 'source/base/logger'
import { systemClock } from 'source/base/clock'
import { Producer } from 'source/producer/producer'
import type { Cluster } from 'source/cluster/cluster'
import { builtInCodecs } from 'source/wire/records/compression/codecs'
import type { Timing } from './harness'

// What it costs to take a message into its batch: a producer on a cluster that stores everything at once.

const warmUpRounds = 3
const messagesPerRound = 400_000
const callSize = 500

interface Sent {
  readonly key?: string
  readonly value: Buffer
}

const value = Buffer.alloc(100, 'x')
const keyed = Array.from({ length: callSize }, (_, i) => ({ key: `key-${i}`, value }))
const unkeyed = Array.from({ length: callSize }, () => ({ value }))

/** A producer on a cluster that stores everything at once. */
function openProducer(options: object): Producer {
  const partitions = Array.from({ length: 6 }, (_, partition) => ({
    partition,
    leaderId: 1,
    leaderEpoch: 1,
    replicas: [1],
    isr: [1],
    offlineReplicas: [],
    errorCode: 0,
  }))
  const topic = { name: 't', topicId: '00000000-0000-0000-0000-000000000001', isInternal: false, partitions }
  const cluster = {
    clientId: 'bench',
    clock: systemClock,
    logger: silentLogger,
    requestTimeoutMs: 30_000,
    retryBackoffMaxMs: 1000,
    random: Math.random,
    codecs: builtInCodecs,
    backoffMs: () => 100,
    metadata: {
      topic: () => topic,
      partition: (_: string, partition: number) => partitions[partition],
      onUpdate: () => () => {},
      requestRefresh() {},
    },
    lease: () => ({ release: async () => {} }),
    closeConnections() {},
    request: async () => ({ errorCode: 0, throttleTimeMs: 0, producerId: 1n, producerEpoch: 0 }),
    async send(_: number, __: unknown, request: unknown) {
      const { topicData } = (typeof request === 'function' ? request(13) : request) as {
        topicData: { topicId: string; partitionData: { index: number }[] }[]
      }
      return {
        throttleTimeMs: 0,
        nodeEndpoints: [],
        responses: topicData.map(({ topicId, partitionData }) => ({
          name: '',
          topicId,
          partitionResponses: partitionData.map(({ index }) => ({
            index,
            errorCode: 0,
            baseOffset: 0n,
            logAppendTimeMs: -1n,
            logStartOffset: 0n,
            recordErrors: [],
            errorMessage: null,
            currentLeader: { leaderId: -1, leaderEpoch: -1 },
          })),
        })),
      }
    },
  }
  // Only what a producer without transactions asks for.
  return new Producer(cluster as object as Cluster, options)
}

async function round(messages: readonly Sent[], options: object): Promise<number> {
  const producer = openProducer(options)
  await producer.send('t', { value })
  const before = process.cpuUsage()
  for (let sent = 0; sent < messagesPerRound; sent += callSize * 5) {
    await Promise.all(Array.from({ length: 5 }, () => producer.send('t', messages)))
  }
  const used = process.cpuUsage(before)
  await producer.close()
  return ((used.user + used.system) * 1000) / messagesPerRound
}

const cases: Record<string, [messages: readonly Sent[], options?: object]> = {
  'take a message with a key': [keyed],
  'take a message without a key': [unkeyed],
  'take a message, round-robin': [keyed, { partitioner: 'round-robin' }],
  'take a message, partitioner of its own': [keyed, { partitioner: () => 3 }],
  'take a message, interceptor': [keyed, { interceptors: [{ onSend() {} }] }],
  'take a message, gzip': [keyed, { compression: 'gzip' }],
}

/** Nanoseconds of CPU a message: medians of rounds in which all cases have their turn. */
export async function appendTimings(rounds: number): Promise<Timing[]> {
  const times = new Map(Object.keys(cases).map((name) => [name, [] as number[]]))
  for (let i = -warmUpRounds; i < rounds; i++) {
    for (const [name, [messages, options = {}]] of Object.entries(cases)) {
      const nanoseconds = await round(messages, options)
      if (i >= 0) times.get(name)?.push(nanoseconds)
    }
  }
  return [...times].map(([name, all]) => {
    const sorted = all.sort((a, b) => a - b)
    return { name, nanoseconds: sorted[Math.floor(sorted.length / 2)] ?? NaN }
  })
}
