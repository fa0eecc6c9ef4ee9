/**
 * What it costs to take a message into its batch, without any broker: `npx tsx bench/append.ts [source folder] [rounds]`.
 * Prints nanoseconds a message, the median of the rounds, for keyed messages and for messages without a key. To
 * compare two states of the source, run it on both in turn.
 */
import { resolve } from 'node:path'

const [folder = 'src', roundsGiven = '15'] = process.argv.slice(2)
const rounds = Number(roundsGiven)
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
  const start = process.hrtime.bigint()
  for (let sent = 0; sent < messagesPerRound; sent += callSize * 5) {
    await Promise.all(Array.from({ length: 5 }, () => producer.send('t', messages)))
  }
  const nanoseconds = Number(process.hrtime.bigint() - start)
  await producer.close()
  return nanoseconds / messagesPerRound
}

async function median(messages: readonly object[], options: object = {}): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < rounds; i++) times.push(await round(messages, options))
  return Math.round(times.sort((a, b) => a - b)[Math.floor(rounds / 2)] as number)
}

const result: Record<string, number> = {}
await median(keyed)
result['keyed'] = await median(keyed)
result['withoutKey'] = await median(unkeyed)
if (process.argv.includes('--all')) {
  result['roundRobin'] = await median(keyed, { partitioner: 'round-robin' })
  result['kafkajsLegacy'] = await median(keyed, { partitioner: 'kafkajs-legacy' })
  result['custom'] = await median(keyed, { partitioner: () => 3 })
  result['gzip'] = await median(keyed, { compression: 'gzip' })
  result['interceptor'] = await median(keyed, { interceptors: [{ onSend() {} }] })
}
console.log(JSON.stringify(result))
