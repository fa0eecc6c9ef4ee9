/** From the import of the client to the first acknowledgement, in a process that has done nothing else. */
export async function startUp(load, { brokers, topic, valueBytes }) {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const client = await load()
  const producer = await client.openProducer({ brokers, topic })
  await producer.send([
    client.message(topic, 'key', client.textValues ? 'x'.repeat(valueBytes) : Buffer.alloc(valueBytes)),
  ])
  const milliseconds = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpu)
  await producer.close()
  return {
    startMs: milliseconds,
    startCpuMs: (user + system) / 1000,
    peakMemoryMb: process.resourceUsage().maxRSS / 1024,
  }
}
