// Guards the promise that matters most: a broker that goes away and comes back under full load costs no message, doubles
// none, and keeps the order of every key; and a consumer group delivers every one of them.
import { Kafka, silentLogger, type Consumer } from 'typed-kafka'
import { describeEachKafkaCluster, type KafkaClusterUnderTest } from './support/describe-kafka'
import { runJavaProgram } from './support/java-tools'

const keys = 1_000
const arraySize = 500
const callsAtOnce = 8
const partitions = 6
const members = 3

interface Audit {
  records: number
  keys: number
  numbers: number
  duplicates: number
  holes: number
  movedKeys: number
  first: string
}

const load = { nodes: 3, versions: ['4.3.1'], brokerConfig: { 'broker.session.timeout.ms': '6000' } } as const

describeEachKafkaCluster('a broker that goes away under load', load, (cluster) => {
  it('L7, L8, L15, L20: restarted, every message is stored once, in order per key, and delivered', async () => {
    await survive(cluster, 1_000_000, async () => {
      await cluster.node(2).stop()
      await cluster.node(2).start()
    })
  }, 300_000)

  it('L7, L8, L15, L20: killed, every message is stored once, in order per key, and delivered', async () => {
    await survive(cluster, 300_000, async () => {
      await cluster.node(3).kill()
      await cluster.node(3).start()
    })
  }, 300_000)
})

/** Produces and consumes `total` messages while `fault` strikes at a third of them; the Java consumer judges the log. */
async function survive(
  cluster: KafkaClusterUnderTest,
  total: number,
  fault: () => Promise<void>,
): Promise<void> {
  const topic = cluster.uniqueName('under-load')
  const kafka = new Kafka({ clientId: 'under-load', brokers: cluster.bootstrap, logger: silentLogger })
  await using admin = kafka.admin()
  await admin.createTopics([
    { name: topic, partitions, replicationFactor: 3, configs: { 'min.insync.replicas': 2 } },
  ])

  const delivery = new DeliveryLedger(total)
  const consumers = Array.from({ length: members }, () =>
    kafka.consumer({ groupId: topic, topics: [topic], startFrom: 'earliest' }),
  )
  const stopped = new AbortController()
  const running = consumers.map((consumer) =>
    consumer.runBatches(
      (batch) => {
        for (const message of batch) delivery.add(String(message.key), String(message.value))
      },
      { signal: stopped.signal },
    ),
  )

  try {
    expect(await produceAll(kafka, topic, total, fault)).toBe(total)
    await delivery.waitForAll(Promise.all(running), consumers)
    stopped.abort()
    await Promise.all(running)
  } finally {
    for (const consumer of consumers) await consumer.close()
  }

  const args = [cluster.bootstrap.join(','), topic]
  const audit = JSON.parse(await runJavaProgram(cluster.version, 'tools/java/LogAudit.java', args)) as Audit
  expect(audit).toEqual({
    records: total,
    keys,
    numbers: total,
    duplicates: 0,
    holes: 0,
    movedKeys: 0,
    first: '',
  })
}

/**
 * Sends `total` messages, the n-th of a key carrying n, and answers how many were acknowledged. The last tenth is sent
 * after the fault is over, so that there is load before, during and after it.
 */
async function produceAll(
  kafka: Kafka,
  topic: string,
  total: number,
  fault: () => Promise<void>,
): Promise<number> {
  await using producer = kafka.producer()
  const padding = ' '.repeat(89)
  let faultOver: Promise<void> | undefined
  let next = 0
  let acknowledged = 0
  const caller = async (): Promise<void> => {
    while (next < total) {
      const start = next
      next += arraySize
      if (start >= total / 3) faultOver ??= fault()
      if (start >= total * 0.9) await faultOver
      const messages = Array.from({ length: arraySize }, (_, i) => {
        const n = start + i
        return { key: `key-${n % keys}`, value: String(Math.floor(n / keys)).padEnd(11) + padding }
      })
      const receipts = await producer.send(topic, messages)
      acknowledged += receipts.length
    }
  }
  await Promise.all(Array.from({ length: callsAtOnce }, caller))
  return acknowledged
}

/** Which messages were delivered, whoever of the group got them. */
class DeliveryLedger {
  readonly #total: number
  readonly #seen: Uint8Array
  #distinct = 0

  constructor(total: number) {
    this.#total = total
    this.#seen = new Uint8Array(total)
  }

  add(key: string, value: string): void {
    const index = Number(key.slice('key-'.length)) * (this.#total / keys) + Number.parseInt(value, 10)
    if (this.#seen[index] !== 0) return
    this.#seen[index] = 1
    this.#distinct++
  }

  async waitForAll(running: Promise<unknown>, consumers: readonly Consumer[]): Promise<void> {
    const ended = running.then(() => {
      throw new Error('the consumers ended early')
    })
    const deadline = Date.now() + 120_000
    while (this.#distinct < this.#total) {
      if (Date.now() > deadline) {
        const positions = consumers.map((c) =>
          c
            .assignment()
            .map((tp) => `${tp.partition}@${c.position(tp)}`)
            .join(' '),
        )
        throw new Error(`${this.#distinct} of ${this.#total} delivered; positions: ${positions.join(' | ')}`)
      }
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50))])
    }
  }
}
