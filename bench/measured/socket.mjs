import { connect } from 'node:net'
import { sleep, startMeter } from './meter.mjs'

/**
 * The socket alone: writes one request that was encoded beforehand again and again, a few at a time, and counts the
 * answers by the lengths before them. What it reaches no client can exceed: it is the limit of the broker and the machine.
 */
export async function socket(spec) {
  const { brokers, messagesPerFrame, inFlight, warmUpSeconds = 1, seconds } = spec
  const frame = Buffer.from(spec.frame, 'base64')
  const [host, port] = brokers[0].split(':')
  const connection = connect({ host, port: Number(port), noDelay: true })
  const failed = new Promise((_, reject) => connection.once('error', reject))
  let answers = 0
  let ended = false
  const counter = new FrameCounter(() => {
    answers++
    if (!ended) connection.write(frame)
  })
  connection.on('data', (chunk) => counter.take(chunk))
  await Promise.race([failed, new Promise((resolve) => connection.once('connect', resolve))])
  for (let i = 0; i < inFlight; i++) connection.write(frame)
  await Promise.race([failed, sleep(warmUpSeconds * 1000)])
  const before = answers
  const meter = startMeter()
  await Promise.race([failed, sleep(seconds * 1000)])
  const result = meter.stop((answers - before) * messagesPerFrame)
  ended = true
  connection.destroy()
  return result
}

/** Counts frames in a stream of bytes: each begins with its length in four bytes. */
class FrameCounter {
  #onFrame
  #head = Buffer.alloc(4)
  #headBytes = 0
  #left = 0

  constructor(onFrame) {
    this.#onFrame = onFrame
  }

  take(chunk) {
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at)
        this.#left -= taken
        at += taken
        if (this.#left === 0) this.#onFrame()
        continue
      }
      this.#head[this.#headBytes++] = chunk[at++]
      if (this.#headBytes < 4) continue
      this.#left = this.#head.readInt32BE(0)
      this.#headBytes = 0
    }
  }
}
