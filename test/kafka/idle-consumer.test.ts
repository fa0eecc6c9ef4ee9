// Guards consumers that rest: a broker holds the polls of a quiet consumer back for long, and must answer the moment
// there is something to read, also when what it waits for is the end of a transaction.
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { eventually } from '../support/eventually'
import { describeEachKafka } from './support/describe-kafka'

jest.setTimeout(60_000)

/** After three seconds without news a poll may take five. */
const restMs = 4500
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describeEachKafka('a consumer that has had nothing to read for a while', (target) => {
  test('L23 F2: gets a message, and the end of a transaction, at once', async () => {
    const kafka = new Kafka({ brokers: target.bootstrap, logger: silentLogger })
    const topic = target.uniqueName('quiet')
    await using admin = kafka.admin()
    await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }])
    await using producer = kafka.producer()
    await using transactional = kafka.producer({ transactionalId: target.uniqueName('tx') })
    await producer.send(topic, { value: 'first' })

    const seen = { read_uncommitted: new Map<string, number>(), read_committed: new Map<string, number>() }
    const consumers = (['read_uncommitted', 'read_committed'] as const).map((isolationLevel) => {
      const consumer = kafka.consumer({ assign: [topic], startFrom: 'earliest', isolationLevel })
      const run = consumer.run(({ value }) => {
        seen[isolationLevel].set(String(value), performance.now())
      })
      return { consumer, run }
    })
    const hasAll = (value: string) => Object.values(seen).every((one) => one.has(value))
    const lateness = (value: string, since: number) =>
      Math.max(...Object.values(seen).map((one) => (one.get(value) ?? Infinity) - since))
    try {
      await eventually(
        () => hasAll('first'),
        () => 'nothing read',
        20_000,
      )
      await sleep(restMs)
      const sent = performance.now()
      await producer.send(topic, { value: 'plain' })
      await eventually(
        () => hasAll('plain'),
        () => 'the message did not come',
        10_000,
      )
      expect(lateness('plain', sent)).toBeLessThan(1000)

      // The transaction stays open until polls rest again; its end is a marker, and no message.
      await transactional.beginTransaction().then(async (tx) => {
        await tx.send(topic, { value: 'in a transaction' })
        await sleep(restMs)
        const committed = performance.now()
        await tx.commit()
        await eventually(
          () => hasAll('in a transaction'),
          () => 'the committed message did not come',
          10_000,
        )
        expect((seen.read_committed.get('in a transaction') ?? Infinity) - committed).toBeLessThan(1000)
      })
    } finally {
      for (const { consumer, run } of consumers) {
        await consumer.close()
        await run
      }
    }
  })
})
