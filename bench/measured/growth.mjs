import { sleep, startMeter } from './meter.mjs'
import { keys, payloads } from './payload.mjs'

/** What one message costs typed-kafka when there are many of something. */
export async function grow(client, spec) {
  return await axes[spec.axis](client, spec)
}

const axes = { produce: produceAcross, consume: consumeAll, trickle, consumers: manyConsumers }

/**
 * Arrays that go to one partition each, to the next partition with every call, over all topics; or, scattered, wherever
 * the key of each message belongs. Twenty calls are under way: where there are fewer partitions, they share batches.
 */
async function produceAcross(client, spec) {
  const { brokers, topics, partitions, valueBytes, arraySize, messages, scattered = false } = spec
  const producer = client.kafka(brokers).producer()
  const values = payloads(valueBytes)
  const targets = topics.flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  )
  const arrayOf = (place) =>
    Array.from({ length: arraySize }, (_, i) => ({ ...place(i), value: values[i % values.length] }))
  let calls = 0
  const toNext = () => {
    const { topic, partition } = targets[calls++ % targets.length]
    return producer.send(
      topic,
      arrayOf(() => ({ partition })),
    )
  }
  let messageCount = 0
  const byKey = () =>
    producer.send(
      topics[0],
      arrayOf(() => ({ key: keys[messageCount++ % keys.length] })),
    )
  const sendMany = async (count, send) => {
    let left = count / arraySize
    const caller = async () => {
      while (left-- > 0) await send()
    }
    await Promise.all(Array.from({ length: 20 }, caller))
  }
  // Every partition at least once: who leads it is known, and its state exists.
  await sendMany(Math.max(targets.length * arraySize, messages / 2), toNext)
  const send = scattered ? byKey : toNext
  if (scattered) await sendMany(messages / 2, send)
  const meter = startMeter()
  await sendMany(messages, send)
  const result = meter.stop(messages)
  await producer.close()
  return { ...result, cpuNanosPerByte: (result.cpuMicros * 1000) / valueBytes }
}

/** One consumer of all topics, among them one in which nothing happens; then what it costs at rest. */
async function consumeAll(client, { brokers, topics, idleTopics = [], valueBytes, messages }) {
  const consumer = client.kafka(brokers).consumer({
    groupId: `bench-${process.pid}-${Date.now()}`,
    topics: [...topics, ...idleTopics],
    startFrom: 'earliest',
  })
  const warmUp = Math.floor(messages * 0.2)
  let seen = 0
  let meter
  let done
  const finished = new Promise((resolve) => (done = resolve))
  const running = consumer.runBatches((batch) => {
    for (const message of batch) if (message.value.length === valueBytes) seen++
    if (meter === undefined && seen >= warmUp) meter = startMeter()
    if (seen >= messages) done()
  })
  await finished
  const result = meter.stop(messages - warmUp)
  const restCpuPercent = await cpuAtRest()
  await consumer.close()
  await running
  return { ...result, restCpuPercent, cpuNanosPerByte: (result.cpuMicros * 1000) / valueBytes }
}

/** Single messages to one partition after the other, at a low rate, and a consumer that reads them as they come. */
async function trickle(client, { brokers, topics, partitions, valueBytes, rate, seconds }) {
  const kafka = client.kafka(brokers)
  const producer = kafka.producer()
  const [topic] = topics
  const consumer = kafka.consumer({
    groupId: `bench-${process.pid}-${Date.now()}`,
    topics,
    startFrom: 'earliest',
  })
  const value = payloads(valueBytes)[0]
  let seen = 0
  const running = consumer.run(() => void seen++)
  const send = async (count) => {
    const sends = []
    const startedAt = performance.now()
    while (sends.length < count) {
      const due = Math.min(count, ((performance.now() - startedAt) * rate) / 1000)
      while (sends.length < due) {
        sends.push(producer.send(topic, { partition: (sends.length * 617) % partitions, value }))
      }
      await sleep(5)
    }
    await Promise.all(sends)
  }
  await send(rate)
  while (seen < rate) await sleep(50)
  const meter = startMeter()
  await send(rate * seconds)
  while (seen < rate * (seconds + 1)) await sleep(5)
  const result = meter.stop(rate * seconds)
  await producer.close()
  await consumer.close()
  await running
  return result
}

/** Percent of a core that this process takes while nothing arrives. */
async function cpuAtRest(seconds = 4) {
  await sleep(2000)
  const cpu = process.cpuUsage()
  await sleep(seconds * 1000)
  const { user, system } = process.cpuUsage(cpu)
  return (user + system) / (seconds * 10_000)
}

/** So many consumers, each of a group of its own, which all read the same topic; then what they cost at rest. */
async function manyConsumers(client, { brokers, topics, consumers, messages }) {
  const kafka = client.kafka(brokers)
  const total = messages * consumers
  // What the first one costs once (compiled code, connections, metadata) is not what each costs.
  await readOnce(kafka, topics, messages)
  const memoryBefore = memory()
  let seen = 0
  let meter
  let done
  const finished = new Promise((resolve) => (done = resolve))
  const all = Array.from({ length: consumers }, (_, i) =>
    kafka.consumer({ groupId: `bench-${process.pid}-${Date.now()}-${i}`, topics, startFrom: 'earliest' }),
  )
  const running = all.map((consumer) =>
    consumer.runBatches((batch) => {
      for (const message of batch) if (message.value.length > 0) seen++
      if (meter === undefined && seen >= total * 0.2) meter = startMeter()
      if (seen >= total) done()
    }),
  )
  await finished
  const result = meter.stop(total * 0.8)
  const restCpuPercent = await cpuAtRest()
  const memoryEach = (memory() - memoryBefore) / consumers / 1024
  await Promise.all(all.map((consumer) => consumer.close()))
  await Promise.all(running)
  return { ...result, restCpuPercent, memoryEachKb: memoryEach }
}

async function readOnce(kafka, topics, messages) {
  const groupId = `bench-${process.pid}-${Date.now()}-first`
  const consumer = kafka.consumer({ groupId, topics, startFrom: 'earliest' })
  let seen = 0
  for await (const message of consumer) if (message.value.length > 0 && ++seen === messages) break
  await consumer.close()
}

/** Bytes in use, after what is not used any more is gone. */
function memory() {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
