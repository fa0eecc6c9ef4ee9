// One program, written to KafkaJS's API, on KafkaJS and on typed-kafka/kafkajs: interleaved rounds on one broker, each run
// in a process of its own. Prints medians with minimum and maximum, CPU and memory, and the ratios to KafkaJS.
// Needs `npm run build`, and `npm ci` in this folder. The broker is started from Maven unless KAFKA_BROKERS names others.
// Usage: node bench/kafkajs-figures.mjs [rounds, default 3] [--only workload,…] [--profile folder] [--json file]
//   [--ours another build's kafkajs.cjs]
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'

const require = createRequire(import.meta.url)
const file = new URL(import.meta.url).pathname

/** What each client is called, and where its module is: all that differs. */
let modules = { kafkajs: 'kafkajs', 'typed-kafka/kafkajs': '../dist/kafkajs.cjs' }

const valueBytes = 100
const arraySize = 500
const arraysAtOnce = 5
const singlesAtOnce = 1000

/** What is done, and with how many messages; `filled` reads the topic that was filled before. */
const workloads = {
  'send, arrays of 500': { messages: 400_000, run: sendArrays },
  'send, single, 1,000 at a time': { messages: 40_000, run: sendSingles },
  eachMessage: { messages: 1_000_000, run: readEach, filled: true },
  eachBatch: { messages: 1_000_000, run: readBatches, filled: true },
}
const filledMessages = 1_000_000

const value = Buffer.alloc(valueBytes, 'x')
const messageAt = (i) => ({ key: `key-${i % 10_000}`, value })

async function sendArrays({ kafka, topic, messages }) {
  const producer = await connected(kafka)
  const send = async (count) => {
    let next = 0
    const caller = async () => {
      while (next < count) {
        const first = next
        next += arraySize
        await producer.send({
          topic,
          messages: Array.from({ length: arraySize }, (_, i) => messageAt(first + i)),
        })
      }
    }
    await Promise.all(Array.from({ length: arraysAtOnce }, caller))
  }
  await send(20_000)
  return await measured(
    messages,
    () => send(messages),
    () => producer.disconnect(),
  )
}

async function sendSingles({ kafka, topic, messages }) {
  const producer = await connected(kafka)
  const send = async (count) => {
    for (let sent = 0; sent < count; sent += singlesAtOnce) {
      const round = Array.from({ length: singlesAtOnce }, (_, i) => messageAt(sent + i))
      await Promise.all(round.map((message) => producer.send({ topic, messages: [message] })))
    }
  }
  await send(2 * singlesAtOnce)
  return await measured(
    messages,
    () => send(messages),
    () => producer.disconnect(),
  )
}

async function connected(kafka) {
  const producer = kafka.producer()
  await producer.connect()
  return producer
}

async function readEach(options) {
  return await read(options, (count) => ({
    eachMessage: async ({ message }) => count(1, message.value.length),
  }))
}

async function readBatches(options) {
  return await read(options, (count) => ({
    eachBatch: async ({ batch: { messages } }) => {
      let bytes = 0
      for (const message of messages) bytes += message.value.length
      count(messages.length, bytes)
    },
  }))
}

/** From the first message that is handed out to the last. */
async function read({ kafka, topic, messages, handlers = {} }, configOf) {
  const consumer = kafka.consumer({ groupId: `figures-${process.pid}-${Date.now()}` })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  let seen = 0
  let bytes = 0
  const begun = new Promise((resolve) => (handlers.begin = resolve))
  const ended = new Promise((resolve) => (handlers.end = resolve))
  await consumer.run(
    configOf((count, size) => {
      if (seen === 0) handlers.begin()
      bytes += size
      seen += count
      if (seen >= messages) handlers.end()
    }),
  )
  await begun
  const result = await measured(
    messages,
    () => ended,
    () => consumer.disconnect(),
  )
  if (bytes < messages * valueBytes) throw new Error(`Only ${bytes} bytes were read`)
  return result
}

async function measured(messages, run, end) {
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  await run()
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const { user, system } = process.cpuUsage(cpu)
  await end()
  return {
    perSecond: messages / seconds,
    cpuMicros: (user + system) / messages,
    peakMb: process.resourceUsage().maxRSS / 1024,
  }
}

async function work([module, name, broker, topic]) {
  const { Kafka, logLevel } = require(module)
  const kafka = new Kafka({ brokers: broker.split(','), clientId: 'figures', logLevel: logLevel.ERROR })
  const { messages, run } = workloads[name]
  process.stdout.write(JSON.stringify(await run({ kafka, topic, messages })))
}

/** Brokers, and what ends them. */
async function brokers() {
  const given = process.env.KAFKA_BROKERS
  if (given) return { list: given, stop: async () => {} }
  const { register } = await import('tsx/esm/api')
  register()
  const { startKafka } = await import('../test/kafka/support/kafka-cluster.ts')
  // The helper that owns the broker does not keep a process alive.
  const alive = setInterval(() => {}, 1000)
  const cluster = await startKafka({ version: '4.3.1' })
  return {
    list: cluster.bootstrap.join(','),
    stop: async () => {
      await cluster.stop()
      clearInterval(alive)
    },
  }
}

async function makeTopic(list, topic, filled = 0) {
  const { Kafka, logLevel } = require('kafkajs')
  const kafka = new Kafka({ brokers: list.split(','), logLevel: logLevel.ERROR })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] })
  await admin.disconnect()
  if (filled > 0) await sendArrays({ kafka, topic, messages: filled - 20_000 })
}

async function compare(list, { rounds, names, profile }) {
  const results = []
  const id = Date.now().toString(36)
  const filled = `figures-filled-${id}`
  await makeTopic(list, filled, filledMessages)
  const clients = Object.keys(modules)
  for (let round = 0; round < rounds; round++) {
    for (const [w, name] of names.entries()) {
      for (let c = 0; c < clients.length; c++) {
        const client = clients[(c + round) % clients.length]
        const topic = workloads[name].filled ? filled : `figures-${id}-${round}-${w}-${c}`
        if (!workloads[name].filled) await makeTopic(list, topic)
        const flags = profile
          ? ['--cpu-prof', '--cpu-prof-dir', `${profile}/${client.replace('/', '-')}-${w}`]
          : []
        const { stdout } = await promisify(execFile)(
          process.execPath,
          [...flags, file, '--work', modules[client], name, list, topic],
          {
            timeout: 100_000,
            env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1', NODE_NO_WARNINGS: '1' },
          },
        )
        results.push({ client, workload: name, round, ...JSON.parse(stdout) })
      }
    }
  }
  return results
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

function print(results, names) {
  for (const name of names) {
    const of = (client, key) =>
      results.filter((r) => r.workload === name && r.client === client).map((r) => r[key])
    const [theirs, ours] = Object.keys(modules)
    console.log(`\n${name}`)
    for (const client of [theirs, ours]) {
      const rates = of(client, 'perSecond')
      const [middle, least, most] = [median(rates), Math.min(...rates), Math.max(...rates)].map((rate) =>
        Math.round(rate).toLocaleString('en'),
      )
      const cpu = median(of(client, 'cpuMicros')).toFixed(2)
      const memory = Math.round(median(of(client, 'peakMb')))
      console.log(
        `  ${client.padEnd(20)} ${middle.padStart(10)} messages/s (${least} - ${most})  ${cpu} µs CPU a message  ${memory} MB`,
      )
    }
    const ratio = (key) => (median(of(ours, key)) / median(of(theirs, key))).toFixed(2)
    console.log(
      `  throughput × ${ratio('perSecond')}, CPU × ${ratio('cpuMicros')}, memory × ${ratio('peakMb')}`,
    )
  }
}

function isThere(module) {
  try {
    return require.resolve(module) !== ''
  } catch {
    return false
  }
}

async function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'string' },
      ours: { type: 'string' },
    },
  })
  if (values.ours) modules = { ...modules, 'typed-kafka/kafkajs': resolve(values.ours) }
  const all = Object.keys(workloads)
  const names = values.only
    ? all.filter((name) => values.only.split(',').some((part) => name.includes(part)))
    : all
  if (names.length === 0)
    throw new Error(`No workload is called ${values.only}; there are: ${all.join('; ')}`)
  for (const module of Object.values(modules)) {
    if (!isThere(module))
      throw new Error(
        `There is no ${module}: "npm run build" makes ours, "npm ci" in this folder installs theirs`,
      )
  }
  const { list, stop } = await brokers()
  try {
    const rounds = Number(positionals[0] ?? 3)
    const results = await compare(list, { rounds, names, profile: values.profile })
    print(results, names)
    if (values.json) writeFileSync(values.json, JSON.stringify(results, null, 2))
  } finally {
    await stop()
  }
}

if (process.argv[2] === '--work') await work(process.argv.slice(3))
else await main()
