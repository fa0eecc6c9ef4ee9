// One client, one workload, in a process of its own. Prints one JSON line.
// Usage: node workload.mjs <client> <produce|consume> <brokers> <topic> <messages>
const [client, workload, brokerList, topic, count] = process.argv.slice(2)
const brokers = brokerList.split(',')
const total = Number(count)
const { openProducer, consume } = await import(`./clients/${client}.mjs`)

const value = Buffer.alloc(100, 'x')
const arraySize = 500
const callsAtOnce = 5

function arrays() {
  let next = 0
  return () => Array.from({ length: arraySize }, () => ({ key: `key-${next++ % 10_000}`, value }))
}

async function produce(amount, producer) {
  const nextArray = arrays()
  let sent = 0
  const caller = async () => {
    while (sent < amount) {
      sent += arraySize
      await producer.send(nextArray())
    }
  }
  await Promise.all(Array.from({ length: callsAtOnce }, caller))
}

async function measured(run) {
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  await run()
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const used = process.cpuUsage(cpu)
  const peakMemoryMb = Math.round(process.resourceUsage().maxRSS / 1024)
  return { seconds, cpuMicros: used.user + used.system, peakMemoryMb }
}

let result
if (workload === 'produce') {
  const producer = await openProducer(brokers, topic)
  await produce(20_000, producer)
  result = await measured(() => produce(total, producer))
  await producer.close()
} else {
  let seen = 0
  let bytes = 0
  let close
  result = await measured(async () => {
    await new Promise((resolve, reject) => {
      const onBatch = (messages, valueOf) => {
        for (const message of messages) {
          bytes += valueOf(message).length
          seen++
        }
        if (seen >= total) resolve()
      }
      consume(brokers, topic, `bench-${client}-${process.pid}`, onBatch).then((end) => (close = end), reject)
    })
  })
  if (bytes < total * value.length) throw new Error(`only ${bytes} bytes were read`)
  await close?.()
}
console.log(
  JSON.stringify({
    client,
    workload,
    messages: total,
    perSecond: Math.round(total / result.seconds),
    cpuMicrosPerMessage: Number((result.cpuMicros / total).toFixed(2)),
    peakMemoryMb: result.peakMemoryMb,
  }),
)
process.exit(0)
