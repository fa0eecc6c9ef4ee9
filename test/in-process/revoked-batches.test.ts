// Guards rebalances against handlers of large batches: one that asks can come back early, and loses nothing by it.
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createCluster } from '../../src/testing'
import { until } from './support/case-runner'

test('G2: a batch’s handler learns that its partition is to be given up, and the next owner goes on behind it', async () => {
  await using broker = await createCluster({
    brokers: 1,
    network: 'memory',
    logger: silentLogger,
    configs: { 'group.initial.rebalance.delay.ms': 0 },
    topics: [{ name: 't', partitions: 2 }],
  })
  const kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger })
  await using producer = kafka.producer()
  const values = ['0', '1', '2', '3', '4']
  for (const partition of [0, 1]) {
    await producer.send(
      't',
      values.map((value) => ({ value, partition })),
    )
  }
  const options = { groupId: 'g', topics: ['t'], startFrom: 'earliest', heartbeatIntervalMs: 50 } as const
  await using first = kafka.consumer({ ...options, assignors: ['roundrobin'], autoCommit: false })
  const told = new Set<number>()
  const running = first.runBatches(
    async ({ topic, partition, firstOffset }, { isBeingRevoked }) => {
      if (told.has(partition)) return
      await first.commit([{ topic, partition, offset: firstOffset + 2n }])
      await until(isBeingRevoked, 'the revocation')
      told.add(partition)
    },
    { concurrency: 2 },
  )
  await until(() => broker.group('g')?.offsets.length === 2, 'both commits')
  await using second = kafka.consumer({ ...options, assignors: ['roundrobin'] })
  const seen: string[] = []
  const reading = second.run(({ value }) => void seen.push(String(value)))
  await until(() => seen.length === 3, 'the rest')
  expect(told).toEqual(new Set([0, 1]))
  expect(seen).toEqual(['2', '3', '4'])
  await Promise.all([first.stop(), second.stop()])
  await Promise.all([running, reading])
  expect(broker.failures).toEqual([])
})

test('G4: an assignor that waits is waited for', async () => {
  await using broker = await createCluster({
    brokers: 1,
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't', partitions: 2 }],
  })
  const kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger })
  await using consumer = kafka.consumer({
    groupId: 'g',
    topics: ['t'],
    assignors: [
      {
        name: 'slow',
        supportedProtocols: ['eager'],
        assign: () => new Map(),
        assignAsync: async (members) => {
          await new Promise((resolve) => setTimeout(resolve, 10))
          return new Map(
            members.map(({ memberId }) => [memberId, { partitions: [{ topic: 't', partition: 1 }] }]),
          )
        },
      },
    ],
  })
  const running = consumer.run(() => {})
  await until(() => consumer.assignment().length === 1, 'the assignment')
  expect(consumer.assignment()).toEqual([{ topic: 't', partition: 1 }])
  await consumer.stop()
  await running
})

test('P8: with `retries` a batch is given up after so many repetitions', async () => {
  await using broker = await createCluster({
    brokers: 1,
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't' }],
  })
  const kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger, retryBackoffMs: 1 })
  await using producer = kafka.producer({ retries: 2 })
  let attempts = 0
  broker.on('Produce', () => void attempts++)
  const heal = broker.faults.failProduce({ error: 'NOT_ENOUGH_REPLICAS' })
  await expect(producer.send('t', { value: 'a' })).rejects.toMatchObject({
    name: 'ProduceError',
    code: 'NOT_ENOUGH_REPLICAS',
    retriable: true,
  })
  expect(attempts).toBe(3)
  heal()
  await producer.send('t', { value: 'b' })
  expect(broker.records('t').map(({ value }) => String(value))).toEqual(['b'])
})
