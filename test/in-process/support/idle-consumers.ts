/**
 * A process that holds consumers which have nothing to do, and says what they cost:
 *
 *     node --expose-gc --import tsx idle-consumers.ts <broker> <topic> <consumers> <percent>
 *
 * Every second one uses the protocol of KIP-848. It looks again, a few times, until they take less than so many percent of
 * a core: a machine that does other things at the same time takes longer for the same instructions.
 */
import { Kafka, type Consumer } from '../../../src'
import { silentLogger } from '../../../src/base/logger'

/** What the process says of itself, as one line of JSON. */
export interface IdleReport {
  /** Percent of a core in the quietest window, of all consumers together. */
  readonly cpuPercent: number
  /** Bytes that a consumer holds: heap and buffers after a collection, less what the process held before. */
  readonly bytesPerConsumer: number
  /** The same as the operating system sees it, with garbage and what the allocator keeps. */
  readonly residentBytesPerConsumer: number
  /** How many partitions all of them have together. */
  readonly partitions: number
}

/** As long as the longest poll, so that each window has the same number of them, and heartbeats in proportion. */
const windowMs = 5000
const mostWindows = 4
/** After so long without a message brokers hold polls back for longer. */
const untilRestMs = 3600

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** Heap and buffers that are in use. */
function heldBytes(): number {
  // The second one takes what finalizers of the first one let go.
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers, external } = process.memoryUsage()
  return heapUsed + Math.max(external, arrayBuffers)
}

/** Percent of a core that this process takes in a window. */
async function cpuPercentOfWindow(): Promise<number> {
  const startedAt = performance.now()
  const before = process.cpuUsage()
  await sleep(windowMs)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 10 / (performance.now() - startedAt)
}

async function assigned(consumers: readonly Consumer[]): Promise<void> {
  while (consumers.some((consumer) => consumer.assignment().length === 0)) await sleep(10)
}

async function leastCpuPercent(enough: number): Promise<number> {
  let least = Infinity
  for (let i = 0; i < mostWindows && least >= enough; i++) least = Math.min(least, await cpuPercentOfWindow())
  return least
}

async function main(broker: string, topic: string, count: number, enough: number): Promise<void> {
  const kafka = new Kafka({ brokers: [broker], logger: silentLogger })
  let made = 0
  const open = async (howMany: number) => {
    const consumers = Array.from({ length: howMany }, () => {
      const groupProtocol = made % 2 === 0 ? 'classic' : 'consumer'
      return kafka.consumer({ topics: [topic], groupId: `idle-${made++}`, groupProtocol })
    })
    const runs = consumers.map((consumer) => consumer.run(() => {}))
    await assigned(consumers)
    const close = async () => {
      await Promise.all(consumers.map((consumer) => consumer.close()))
      await Promise.all(runs)
    }
    return { consumers, close }
  }
  // Code is loaded and compiled once, whoever asks for it.
  const first = await open(2)
  await first.close()
  const bytesBefore = heldBytes()
  const residentBefore = process.memoryUsage().rss
  const { consumers, close } = await open(count)
  await sleep(untilRestMs)
  const cpuPercent = await leastCpuPercent(enough)
  const report: IdleReport = {
    cpuPercent,
    residentBytesPerConsumer: (process.memoryUsage().rss - residentBefore) / count,
    bytesPerConsumer: (heldBytes() - bytesBefore) / count,
    partitions: consumers.reduce((sum, consumer) => sum + consumer.assignment().length, 0),
  }
  await close()
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

const [broker = '', topic = '', count = '', percent = ''] = process.argv.slice(2)
void main(broker, topic, Number(count), Number(percent))
