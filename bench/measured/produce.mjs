import { latencies, sleep, startMeter } from './meter.mjs'
import { keys, payloads } from './payload.mjs'

/**
 * So many callers, each of which sends an array, waits for its acknowledgement and sends the next. A second to warm up,
 * then so many seconds that count.
 */
export async function produce(client, spec) {
  const { brokers, topic, compression, valueBytes, arraySize, callsAtOnce, warmUpSeconds = 1, seconds } = spec
  const oneByOne = callsAtOnce === 1 && arraySize === 1
  const producer = await client.openProducer({ brokers, topic, compression, prompt: oneByOne })
  const nextArray = arrays(client, { topic, valueBytes, arraySize })
  const times = []
  let acknowledged = 0
  let ended = false
  const caller = async () => {
    while (!ended) {
      const startedAt = oneByOne ? performance.now() : 0
      await producer.send(nextArray())
      if (oneByOne) times.push(performance.now() - startedAt)
      acknowledged += arraySize
    }
  }
  const calling = Promise.all(Array.from({ length: callsAtOnce }, caller))
  await Promise.race([calling, sleep(warmUpSeconds * 1000)])
  const before = acknowledged
  times.length = 0
  const meter = startMeter()
  await Promise.race([calling, sleep(seconds * 1000)])
  const result = meter.stop(acknowledged - before)
  ended = true
  await calling
  await producer.close()
  return { ...result, ...(oneByOne && latencies(times)) }
}

/** Sends so many messages, and nothing is measured. */
export async function fill(client, { brokers, topic, compression, valueBytes, messages }) {
  const arraySize = Math.max(1, Math.min(500, Math.floor(500_000 / valueBytes)))
  const producer = await client.openProducer({ brokers, topic, compression })
  const nextArray = arrays(client, { topic, valueBytes, arraySize })
  let left = messages
  const caller = async () => {
    while (left > 0) {
      left -= arraySize
      await producer.send(nextArray())
    }
  }
  await Promise.all(Array.from({ length: 10 }, caller))
  await producer.close()
  return { messages: messages - left }
}

function arrays(client, { topic, valueBytes, arraySize }) {
  const values = payloads(valueBytes).map((bytes) => (client.textValues ? bytes.latin1Slice() : bytes))
  let next = 0
  return () => {
    const messages = new Array(arraySize)
    for (let i = 0; i < arraySize; i++, next++) {
      messages[i] = client.message(topic, keys[next % keys.length], values[next % values.length])
    }
    return messages
  }
}
