// Guards loops that read, change and write in transactions: a member that was replaced, and does not know it, must not
// write what its successor writes as well.
import * as theirs from 'kafkajs'
import { silentLogger } from '../../src/base/logger'
import * as ours from '../../src/kafkajs'
import { createCluster, type TestCluster } from '../../src/testing'
import { until } from '../in-process/support/case-runner'

let cluster: TestCluster
const clients: { disconnect(): Promise<void> }[] = []

beforeAll(async () => {
  process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
  cluster = await createCluster({
    brokers: 1,
    logger: silentLogger,
    configs: { 'group.initial.rebalance.delay.ms': 0, 'group.min.session.timeout.ms': 100 },
  })
})

afterEach(async () => {
  cluster.clearFaults()
  await Promise.all(clients.splice(0).map((client) => client.disconnect()))
})

afterAll(() => cluster.close())

function own<Client extends { disconnect(): Promise<void> }>(client: Client): Client {
  clients.push(client)
  return client
}

/** Copies each message of a topic to another one, with its offset in the same transaction. */
class Copier {
  /** What its calls ended in, by message. */
  readonly failures = new Map<string, string>()
  readonly copied: string[] = []
  readonly #consumer: ours.Consumer
  readonly #producer: ours.Producer
  readonly #from: string
  readonly #to: string

  constructor(Kafka: typeof ours.Kafka, clientId: string, from: string, to: string) {
    const kafka = new Kafka({ brokers: cluster.bootstrap, clientId, logLevel: ours.logLevel.NOTHING })
    const session = { sessionTimeout: 700, heartbeatInterval: 100, maxWaitTimeInMs: 50 }
    this.#consumer = own(kafka.consumer({ groupId: from, ...session }))
    this.#producer = own(
      kafka.producer({ transactionalId: `${from}-${clientId}`, idempotent: true, maxInFlightRequests: 1 }),
    )
    this.#from = from
    this.#to = to
  }

  /** @param before called for each message, before its transaction begins */
  async start(before: (value: string) => Promise<void> = async () => {}): Promise<void> {
    await this.#producer.connect()
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [this.#from], fromBeginning: true })
    await this.#consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const value = String(message.value)
        await before(value)
        await this.#copy(value, topic, partition, BigInt(message.offset) + 1n)
      },
    })
  }

  async #copy(value: string, topic: string, partition: number, next: bigint): Promise<void> {
    const transaction = await this.#producer.transaction()
    try {
      await transaction.send({ topic: this.#to, messages: [{ value }] })
      const partitions = [{ partition, offset: next.toString() }]
      await transaction.sendOffsets({ consumerGroupId: this.#from, topics: [{ topic, partitions }] })
      await transaction.commit()
      this.copied.push(value)
    } catch (error) {
      this.failures.set(value, (error as { type?: string }).type ?? String(error))
      await transaction.abort()
    }
  }
}

/** A copier stops to be heard, another one takes over, and then the first one goes on. */
async function copiesByTwo(Kafka: typeof ours.Kafka, from: string) {
  const to = `${from}-copies`
  for (const topic of [from, to]) cluster.createTopic(topic)
  const [first, second] = [new Copier(Kafka, 'first', from, to), new Copier(Kafka, 'second', from, to)]
  let goOn = () => {}
  const mayGoOn = new Promise<void>((resolve) => (goOn = resolve))
  try {
    let holds = false
    await first.start(async () => {
      holds = true
      await mayGoOn
    })
    const producer = own(new Kafka({ brokers: cluster.bootstrap, logLevel: 0 }).producer())
    await producer.connect()
    await producer.send({ topic: from, messages: [{ value: 'one' }] })
    await until(() => holds, 'the first to have the message')
    // It hears that all is well, and the coordinator hears nothing of it.
    cluster.on('Heartbeat', (_, { clientId }) => (clientId === 'first' ? { errorCode: 0 } : undefined))
    await second.start()
    await until(() => second.copied.length === 1, 'the second to take over', 10_000)
  } finally {
    goOn()
  }
  await until(() => first.copied.length + first.failures.size > 0, 'the first to end', 10_000)
  const committed = () => cluster.records(to).filter(({ marker }) => marker === 'commit').length
  // The coordinator answers that a transaction ends before its markers are written.
  await until(() => committed() >= first.copied.length + second.copied.length, 'the markers')
  return { commits: committed(), failures: [...first.failures.values()] }
}

test('13.6: a member that was replaced cannot commit its transaction', async () => {
  const { commits, failures } = await copiesByTwo(ours.Kafka, 'ours')
  expect(commits).toBe(1)
  expect(failures).toEqual(['UNKNOWN_MEMBER_ID'])
}, 20_000)

test('13.6: KafkaJS copies the message twice: its transactions name no member', async () => {
  const { commits, failures } = await copiesByTwo(theirs.Kafka as typeof ours.Kafka, 'theirs')
  expect(commits).toBe(2)
  expect(failures).toEqual([])
}, 20_000)
