// Guards against a client that works against one broker only: the same program runs against all of them.
import { silentLogger } from '../../src/base/logger'
import { Kafka } from '../../src/kafka'
import { eventualAnswer } from '../support/eventually'
import { describeEachBroker } from './support/describe-each-broker'

describeEachBroker('our own client', {}, (broker) => {
  const client = (): Kafka => new Kafka({ brokers: broker.brokers, logger: silentLogger })

  const createTopic = async (partitions: number): Promise<string> => {
    const name = broker.uniqueName('client')
    await using admin = client().admin()
    await admin.createTopics([{ name, partitions, replicationFactor: 1 }])
    return name
  }

  it('sends 10,000 messages and reads them in their order', async () => {
    const topic = await createTopic(1)
    const count = 10_000
    await using producer = client().producer()
    const messages = Array.from({ length: count }, (_, index) => ({
      key: `k${index % 7}`,
      value: `v${index}`,
    }))
    for (let at = 0; at < count; at += 1_000) await producer.send(topic, messages.slice(at, at + 1_000))
    await using consumer = client().consumer({ assign: [{ topic, partition: 0 }], startFrom: 'earliest' })
    const stop = new AbortController()
    const values: string[] = []
    await consumer.run(
      ({ rawValue }) => {
        values.push(String(rawValue))
        if (values.length === count) stop.abort()
      },
      { signal: stop.signal },
    )
    expect(values).toEqual(messages.map(({ value }) => value))
  })

  it('shares the partitions of a topic between two members of a group, through a rebalance, and loses nothing', async () => {
    const topic = await createTopic(4)
    const groupId = broker.uniqueName('client-group')
    await using producer = client().producer()
    const stop = new AbortController()
    const [first, second] = [new Set<string>(), new Set<string>()]
    const read = async (into: Set<string>): Promise<void> => {
      const consumer = client().consumer({
        groupId,
        topics: [topic],
        startFrom: 'earliest',
        heartbeatIntervalMs: 100,
      })
      await consumer.run(({ rawValue }) => void into.add(String(rawValue)), { signal: stop.signal })
      await consumer.close()
    }
    const sent: string[] = []
    const send = async (): Promise<void> => {
      const values = [0, 1, 2, 3].map((partition) => ({ value: `${sent.length}-${partition}`, partition }))
      await producer.send(topic, values)
      sent.push(...values.map(({ value }) => value))
    }
    const reading = [read(first)]
    await send()
    while (first.size === 0) await pause()
    reading.push(read(second))
    while (second.size === 0) {
      await send()
      await pause()
    }
    while (sent.some((value) => !first.has(value) && !second.has(value))) await pause()
    stop.abort()
    await Promise.all(reading)
    expect(new Set([...first, ...second]).size).toBe(sent.length)
    await using admin = client().admin()
    const [listed] = await admin.listGroupOffsets([{ groupId }])
    expect(listed?.offsets.map(({ partition }) => partition).sort()).toEqual([0, 1, 2, 3])
  })

  it('commits and aborts transactions', async () => {
    const topic = await createTopic(1)
    await using producer = client().producer({ transactionalId: broker.uniqueName('client-txn') })
    await producer.transaction(async (transaction) => void (await transaction.send(topic, { value: 'kept' })))
    const failed = producer.transaction(async (transaction) => {
      await transaction.send(topic, { value: 'dropped' })
      throw new RangeError('no')
    })
    await expect(failed).rejects.toThrow('no')
    await producer.transaction(async (transaction) => void (await transaction.send(topic, { value: 'last' })))
    await using consumer = client().consumer({
      assign: [{ topic, partition: 0 }],
      startFrom: 'earliest',
      isolationLevel: 'read_committed',
    })
    const stop = new AbortController()
    const values: string[] = []
    await consumer.run(
      ({ rawValue }) => {
        values.push(String(rawValue))
        if (values.at(-1) === 'last') stop.abort()
      },
      { signal: stop.signal },
    )
    expect(values).toEqual(['kept', 'last'])
  })

  it('administers topics, configs, offsets and groups', async () => {
    await using admin = client().admin()
    const name = broker.uniqueName('client')
    await admin.createTopics([
      { name, partitions: 2, replicationFactor: 1, configs: { 'retention.ms': 1_000 } },
    ])
    await admin.createPartitions([{ topic: name, totalCount: 3 }])
    const [described] = await admin.describeTopics([name])
    expect(described).toMatchObject({ name, isInternal: false })
    expect(described?.partitions.map(({ partition, leader }) => [partition, leader])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ])
    expect(await admin.describeCluster()).toMatchObject({ controllerId: 1, brokers: [{ nodeId: 1 }] })
    await admin.deleteTopics([name])
    await eventualAnswer(
      () => admin.describeTopics([name], { partial: true }),
      ([gone]) => gone?.error?.code === 'UNKNOWN_TOPIC_OR_PARTITION',
      'the topic to be gone',
    )
  })
})

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}
