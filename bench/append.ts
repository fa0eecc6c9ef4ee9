/**
 * What it costs to take a message into its batch, without any broker: `npx tsx bench/append.ts [source folder] [rounds]`.
 * Prints nanoseconds of CPU a message, the median of the rounds, for keyed messages and for messages without a key. To
 * compare two states of the source, run it on both in turn.
 */
import { resolve } from 'node:path'

const [folder = 'src', roundsGiven = '15'] = process.argv.slice(2)
const rounds = Number(roundsGiven)
const warmUpRounds = 3
const messagesPerRound = 400_000
const callSize = 500

const value = Buffer.alloc(100, 'x')
const keyed = Array.from({ length: callSize }, (_, i) => ({ key: `key-${i}`, value }))
const unkeyed = Array.from({ length: callSize }, () => ({ value }))

/** The client of that folder, on a cluster that stores everything at once. */
async function openProducer(options: object) {
  const at = (file: string) => import(resolve(folder, file))
  const { Producer } = await at('producer/producer.ts')
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
  const { systemClock } = await at('base/clock.ts')
  const { silentLogger } = await at('base/logger.ts')
  const cluster = {
    clientId: 'bench',
    clock: systemClock,
    logger: silentLogger,
    requestTimeoutMs: 30_000,
    retryBackoffMaxMs: 1000,
    random: Math.random,
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
  return new Producer(cluster, options)
}

async function round(messages: readonly object[], options: object): Promise<number> {
  const producer = await openProducer(options)
  await producer.send('t', { value })
  const before = process.cpuUsage()
  for (let sent = 0; sent < messagesPerRound; sent += callSize * 5) {
    await Promise.all(Array.from({ length: 5 }, () => producer.send('t', messages)))
  }
  const used = process.cpuUsage(before)
  await producer.close()
  return ((used.user + used.system) * 1000) / messagesPerRound
}

/** Rounds of all cases in turn, so that they share one state of the compiler. */
async function medians(cases: Record<string, [messages: readonly object[], options?: object]>) {
  const times = new Map(Object.keys(cases).map((name) => [name, [] as number[]]))
  for (let i = -warmUpRounds; i < rounds; i++) {
    for (const [name, [messages, options = {}]] of Object.entries(cases)) {
      const nanoseconds = await round(messages, options)
      if (i >= 0) times.get(name)?.push(nanoseconds)
    }
  }
  const median = (sorted: number[]) => Math.round(sorted[Math.floor(sorted.length / 2)] as number)
  return Object.fromEntries([...times].map(([name, all]) => [name, median(all.sort((a, b) => a - b))]))
}

console.log(
  JSON.stringify(
    await medians({
      keyed: [keyed],
      withoutKey: [unkeyed],
      ...(process.argv.includes('--all') && {
        roundRobin: [keyed, { partitioner: 'round-robin' }],
        kafkajsLegacy: [keyed, { partitioner: 'kafkajs-legacy' }],
        custom: [keyed, { partitioner: () => 3 }],
        interceptor: [keyed, { interceptors: [{ onSend() {} }] }],
        gzip: [keyed, { compression: 'gzip' }],
      }),
    }),
  ),
)
