/**
 * A process that does nothing but send a stream, and says how much memory it took for it:
 *
 *     node --import tsx stream-child.ts <broker> <topic> <megabytes> <buffer bytes>
 */
import { Kafka } from '../../../src'
import { silentLogger } from '../../../src/base/logger'

/** What the process says of itself, as one line of JSON. */
export interface StreamReport {
  readonly messages: number
  readonly startRssBytes: number
  readonly peakRssBytes: number
  readonly peakBufferedBytes: number
  readonly waitedForMemory: boolean
  readonly tookMs: number
}

const messageBytes = 1024
const messagesPerCall = 256

async function main(
  broker: string,
  topic: string,
  megabytes: number,
  bufferMemoryBytes: number,
): Promise<void> {
  const kafka = new Kafka({ brokers: [broker], logger: silentLogger })
  const producer = kafka.producer({ bufferMemoryBytes, lingerMs: 5 })
  const value = Buffer.alloc(messageBytes, 'x')
  const call = Array.from({ length: messagesPerCall }, (_, i) => ({ key: `k${i % 64}`, value }))
  await producer.send(topic, { value })

  const calls = (megabytes * 1024 * 1024) / (messageBytes * messagesPerCall)
  const startRssBytes = process.memoryUsage().rss
  const startedAt = performance.now()
  let peakRssBytes = startRssBytes
  let peakBufferedBytes = 0
  let left = calls
  const sampling = setInterval(() => (peakRssBytes = Math.max(peakRssBytes, process.memoryUsage().rss)), 10)
  // More at once than the buffer holds, so that calls have to wait for memory all the time.
  const atOnce = Math.ceil((bufferMemoryBytes * 1.5) / (messageBytes * messagesPerCall))
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const sent = producer.send(topic, call)
      peakBufferedBytes = Math.max(peakBufferedBytes, producer.bufferedBytes)
      await sent
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  clearInterval(sampling)
  const report: StreamReport = {
    messages: calls * messagesPerCall,
    startRssBytes,
    peakRssBytes,
    peakBufferedBytes,
    waitedForMemory: peakBufferedBytes > bufferMemoryBytes * 0.8,
    tookMs: performance.now() - startedAt,
  }
  await producer.close()
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

const [broker = '', topic = '', megabytes = '', bufferBytes = ''] = process.argv.slice(2)
void main(broker, topic, Number(megabytes), Number(bufferBytes))
