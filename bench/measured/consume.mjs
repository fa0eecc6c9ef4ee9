import { startMeter } from './meter.mjs'

/** Share of the messages that go by before the clock starts: joining, and the compiler's first steps. */
const warmUpShare = 0.2

/**
 * A new group reads a filled topic from its beginning, in one of the shapes `batches`, `each` and `iterate`. It ends
 * after the last message, or when the time is over.
 */
export async function consume(client, spec) {
  const { brokers, topic, shape, messages, valueBytes, maxSeconds } = spec
  const groupId = `bench-${process.pid}-${Date.now()}`
  const warmUp = Math.floor(messages * warmUpShare)
  let seen = 0
  let bytes = 0
  let meter
  let done
  const finished = new Promise((resolve) => (done = resolve))
  const onValue = (value) => {
    bytes += value.length
    seen++
    if (seen === warmUp) {
      bytes = 0
      meter = startMeter()
      setTimeout(done, maxSeconds * 1000)
    }
    if (seen === messages) done()
  }
  const close = await client.consume({ brokers, topic, groupId, shape, onValue })
  await finished
  const counted = seen - warmUp
  const result = meter.stop(counted)
  if (bytes !== counted * valueBytes) throw new Error(`${counted} messages had ${bytes} bytes`)
  await close()
  return result
}
