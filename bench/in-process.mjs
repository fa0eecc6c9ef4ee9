// What the broker inside the process costs: how long it takes to start, and how many messages pass through it with our
// own client in the same process, out and in.
//
//   npm run build && node bench/in-process.mjs [messages, default 600000]
import { Kafka } from '../dist/index.js'
import { createCluster } from '../dist/testing.js'

const count = Number(process.argv[2] ?? 600_000)
const perCall = 500
const silent = { debug() {}, info() {}, warn() {}, error() {} }

async function startTime(brokers) {
  const times = []
  for (let i = 0; i < 7; i++) {
    const start = performance.now()
    const cluster = await createCluster({ brokers, logger: silent })
    times.push(performance.now() - start)
    await cluster.close()
  }
  const first = times[0].toFixed(1)
  times.sort((a, b) => a - b)
  return `first ${first} ms, median ${times[3].toFixed(1)} ms`
}

async function throughput(network) {
  const cluster = await createCluster({
    network,
    logger: silent,
    maxBytes: 2 ** 31,
    requestLogSize: 0,
    topics: [{ name: 't', partitions: 3 }],
  })
  const kafka = new Kafka({ ...cluster.clientOptions(), logger: silent })
  const value = 'x'.repeat(100)
  const producer = kafka.producer()
  await producer.send('t', { value })
  let start = performance.now()
  const running = new Set()
  for (let sent = 0; sent < count; sent += perCall) {
    const messages = Array.from({ length: perCall }, (_, i) => ({ key: `k${(sent + i) % 1000}`, value }))
    const call = producer.send('t', messages).then(() => running.delete(call))
    running.add(call)
    if (running.size >= 5) await Promise.race(running)
  }
  await Promise.all(running)
  const out = (count / (performance.now() - start)) * 1000
  await producer.close()
  const consumer = kafka.consumer({ groupId: 'g', topics: ['t'], startFrom: 'earliest' })
  const done = new AbortController()
  let seen = 0
  start = performance.now()
  await consumer.runBatches(
    (batch) => {
      seen += batch.length
      if (seen >= count) done.abort()
    },
    { signal: done.signal },
  )
  const into = (count / (performance.now() - start)) * 1000
  await consumer.close()
  await cluster.close()
  return `${Math.round(out)} messages/s out, ${Math.round(into)} messages/s in`
}

console.log(`Node ${process.version}`)
console.log(`start, 1 broker:  ${await startTime(1)}`)
console.log(`start, 3 brokers: ${await startTime(3)}`)
for (const network of ['tcp', 'memory']) {
  await throughput(network) // once to warm up
  console.log(`${network}, ${count} messages of 100 bytes: ${await throughput(network)}`)
}
console.log(`peak memory: ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`)
