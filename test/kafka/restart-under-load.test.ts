// Guards the promise that matters most: a broker restarted under full load costs no message, doubles none, and keeps
// the order of every key; and a consumer group delivers every one of them.
import { Kafka, type Consumer } from 'typed-kafka'
import { runJavaProgram } from './support/java-tools'
import { startKafka, type KafkaCluster } from './support/kafka-cluster'

const total = 1_000_000
const keys = 1_000
const perKey = total / keys
const arraySize = 500
const callsAtOnce = 8
const members = 3
const topic = 'restart-under-load'

interface Audit {
  records: number
  keys: number
  duplicates: number
  holes: number
  movedKeys: number
  first: string
}

describe('a broker restarted under load', () => {
  let cluster: KafkaCluster

  beforeAll(async () => {
    cluster = await startKafka({
      version: '4.3.1',
      nodes: 3,
      brokerConfig: { 'broker.session.timeout.ms': '6000' },
    })
  }, 120_000)

  afterAll(async () => {
    await cluster?.stop()
  }, 60_000)

  it('L7, L8, L15, L20: every message is in the log exactly once, in order per key, and each is delivered', async () => {
    const kafka = new Kafka({ clientId: 'restart', brokers: cluster.bootstrap })
    const admin = kafka.admin()
    await admin.createTopics([
      { name: topic, partitions: 6, replicationFactor: 3, configs: { 'min.insync.replicas': '2' } },
    ])

    const delivery = new DeliveryLedger()
    const consumers = Array.from({ length: members }, () =>
      kafka.consumer({ groupId: 'restart', topics: [topic], startFrom: 'earliest' }),
    )
    const stopped = new AbortController()
    const running = consumers.map((consumer) =>
      consumer.runBatches(
        (batch) => {
          for (const message of batch) {
            delivery.add(
              (message.key as Buffer).toString(),
              (message.value as Buffer).toString('latin1', 0, 12),
            )
          }
        },
        { signal: stopped.signal },
      ),
    )

    const acknowledged = await produceAll(kafka, async (sent) => {
      if (sent !== total * 0.3) return
      await cluster.node(2).stop()
      await cluster.node(2).start()
    })
    expect(acknowledged).toBe(total)

    await delivery.waitForAll(Promise.all(running), consumers)
    stopped.abort()
    await Promise.all(running)
    for (const consumer of consumers) await consumer.close()
    await admin.close()

    const audit = JSON.parse(
      await runJavaProgram('4.3.1', 'tools/java/LogAudit.java', [cluster.bootstrap.join(','), topic]),
    ) as Audit
    expect(audit).toEqual({
      records: total,
      keys,
      numbers: total,
      duplicates: 0,
      holes: 0,
      movedKeys: 0,
      first: '',
    })
    expect(delivery.distinct).toBe(total)
  }, 300_000)
})

/** Sends `total` messages, the n-th of a key carrying n; calls `onProgress` once per array while sending goes on. */
async function produceAll(kafka: Kafka, onProgress: (sent: number) => Promise<void>): Promise<number> {
  const producer = kafka.producer()
  const padding = ' '.repeat(89)
  const progress: Promise<void>[] = []
  let next = 0
  let acknowledged = 0
  const caller = async (): Promise<void> => {
    while (next < total) {
      const start = next
      next += arraySize
      progress.push(onProgress(next))
      const receipts = await producer.send(
        topic,
        Array.from({ length: arraySize }, (_, i) => {
          const n = start + i
          return { key: `key-${n % keys}`, value: String(Math.floor(n / keys)).padEnd(11) + padding }
        }),
      )
      for (const receipt of receipts) if (receipt.offset >= -1n) acknowledged++
    }
  }
  await Promise.all(Array.from({ length: callsAtOnce }, caller))
  await Promise.all(progress)
  await producer.close()
  return acknowledged
}

/** Which messages were delivered, whoever of the group got them. */
class DeliveryLedger {
  readonly #seen = new Uint8Array(total)
  distinct = 0

  add(key: string, value: string): void {
    const index = Number(key.slice(4)) * perKey + Number.parseInt(value, 10)
    if (this.#seen[index] === 0) {
      this.#seen[index] = 1
      this.distinct++
    }
  }

  async waitForAll(running: Promise<unknown>, consumers: readonly Consumer[]): Promise<void> {
    const failed = running.then(() => {
      throw new Error('the consumers ended early')
    })
    const deadline = Date.now() + 120_000
    while (this.distinct < total) {
      if (Date.now() > deadline) {
        const state = consumers.map((c) =>
          c
            .assignment()
            .map((tp) => `${tp.partition}@${c.position(tp)}`)
            .join(','),
        )
        throw new Error(`${this.distinct} of ${total} messages were delivered; ${state.join(' | ')}`)
      }
      await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 50))])
    }
  }
}
