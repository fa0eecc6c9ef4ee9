// Interleaved rounds of every client on one broker: medians with minimum and maximum, and ratios to the best peer.
// Usage: KAFKA_BROKERS=localhost:9092 node run.mjs [rounds] [messages]
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { createTopic } from './clients/kafkajs.mjs'

const run = promisify(execFile)
const folder = new URL('.', import.meta.url).pathname
const rounds = Number(process.argv[2] ?? 3)
const messages = Number(process.argv[3] ?? 500_000)
const brokers = process.env.KAFKA_BROKERS
if (!brokers) {
  console.error('Set KAFKA_BROKERS to the broker the clients are to be compared on, such as localhost:9092')
  process.exit(2)
}

// @platformatic/kafka 2 needs Node 24; all clients run on the same one.
const node24 = `${folder}node_modules/node24/bin/node`
const node = existsSync(node24) ? node24 : process.execPath
const clients = ['typed-kafka', 'kafkajs', 'platformatic', 'kafkats']

async function workload(client, name, topic, amount) {
  const { stdout } = await run(
    node,
    [`${folder}workload.mjs`, client, name, brokers, topic, String(amount)],
    {
      timeout: 180_000,
    },
  )
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

const results = new Map()
const record = (result) => {
  const key = `${result.workload} ${result.client}`
  results.set(key, [...(results.get(key) ?? []), result])
  console.log(JSON.stringify(result))
}

const filled = `bench-consume-${Date.now()}`
await createTopic(brokers.split(','), filled, 3)
await workload('typed-kafka', 'produce', filled, messages)

for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < clients.length; i++) {
    const client = clients[(i + round) % clients.length]
    const topic = `bench-produce-${client}-${Date.now()}`
    await createTopic(brokers.split(','), topic, 3)
    record(await workload(client, 'produce', topic, messages))
    record(await workload(client, 'consume', filled, messages))
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
for (const name of ['produce', 'consume']) {
  console.log(`\n${name}, 100-byte values, ${messages} messages, medians of ${rounds} rounds (min - max)`)
  for (const client of clients) {
    const runs = results.get(`${name} ${client}`)
    const rates = runs.map((r) => r.perSecond)
    console.log(
      `  ${client.padEnd(14)} ${String(median(rates)).padStart(9)} messages/s (${Math.min(...rates)} - ${Math.max(...rates)})` +
        `  ${median(runs.map((r) => r.cpuMicrosPerMessage))} µs CPU a message  ${median(runs.map((r) => r.peakMemoryMb))} MB`,
    )
  }
}
