import { latencies, sleep, startMeter } from './meter.mjs'

/**
 * So many single messages a second, and how long each takes from the call of `send` to the handler: producer and
 * consumer live in this process and share its clock. Programs that are asked for such times run for hours: the warm-up is
 * long enough for most of the code to be compiled.
 */
export async function latency(client, { brokers, topic, valueBytes, rate, warmUpSeconds = 10, seconds }) {
  const times = []
  let counting = false
  let seen = 0
  const close = await client.consume({
    brokers,
    topic,
    groupId: `bench-${process.pid}-${Date.now()}`,
    shape: 'each',
    onValue(value) {
      seen++
      if (counting) times.push(performance.now() - sentAt(value))
    },
  })
  const producer = await client.openProducer({ brokers, topic, prompt: true })
  const send = (count) => {
    for (let i = 0; i < count; i++) {
      const text = String(performance.now()).padEnd(valueBytes)
      const value = client.textValues ? text : Buffer.from(text, 'latin1')
      producer.send([client.message(topic, `key-${i}`, value)]).catch(fail)
    }
  }
  // Some consumers start at the end of the topic only when they have joined.
  while (seen === 0) {
    send(1)
    await sleep(50)
  }
  await sendFor(warmUpSeconds, rate, send)
  counting = true
  const meter = startMeter()
  const sent = await sendFor(seconds, rate, send)
  for (let waited = 0; times.length < sent && waited < 2000; waited += 10) await sleep(10)
  const result = meter.stop(times.length)
  counting = false
  await producer.close()
  await close()
  return { ...result, ...latencies(times), missed: Math.max(0, sent - times.length) }
}

/** When a message was sent: its value begins with the time. */
function sentAt(value) {
  return parseFloat(typeof value === 'string' ? value : value.latin1Slice(0, 24))
}

async function sendFor(seconds, rate, send) {
  const startedAt = performance.now()
  let sent = 0
  while (sent < rate * seconds) {
    const due = Math.min(rate * seconds, Math.ceil(((performance.now() - startedAt) * rate) / 1000))
    send(due - sent)
    sent = due
    await sleep(1)
  }
  return sent
}

function fail(error) {
  console.error(error)
  process.exit(1)
}
