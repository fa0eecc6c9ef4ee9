// Guards lag and metrics against figures of our own: on real Kafka they agree with what Java's tools and brokers say.
import { type Consumer, Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { describeEachKafka, type KafkaUnderTest } from './support/describe-kafka'
import { consumerGroupsTool, runKafkaTool } from './support/java-tools'

jest.setTimeout(120_000)

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 30_000
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Committed offset, end of the log and lag of a partition, as `kafka-consumer-groups --describe` prints them. */
function javaView(output: string, groupId: string, topic: string, partition: number): string[] {
  const line = output.split('\n').find((one) => {
    const [group, name, number] = one.trim().split(/\s+/)
    return group === groupId && name === topic && number === String(partition)
  })
  return line?.trim().split(/\s+/).slice(3, 6) ?? []
}

const partitionOf = (consumer: Consumer, partition: number) =>
  consumer.health().partitions.find((one) => one.partition === partition)

describeEachKafka('what a consumer tells of itself', (target: KafkaUnderTest, version) => {
  const protocols = version.startsWith('3.') ? (['classic'] as const) : (['classic', 'consumer'] as const)

  test.each(protocols)(
    '%s: lag, commits and metrics are those of kafka-consumer-groups and the admin',
    async (groupProtocol) => {
      const kafka = new Kafka({ brokers: target.bootstrap, logger: silentLogger })
      const topic = target.uniqueName('monitored')
      const groupId = target.uniqueName('watchers')
      await using admin = kafka.admin()
      await admin.createTopics([{ name: topic, partitions: 2, replicationFactor: 1 }])
      await using producer = kafka.producer()
      const messages = (partition: number) =>
        Array.from({ length: 50 }, (_, i) => ({ partition, value: `v${i}` }))
      await producer.send(topic, [...messages(0), ...messages(1)])

      await using consumer = kafka.consumer({
        groupId,
        topics: [topic],
        groupProtocol,
        startFrom: 'earliest',
        autoCommitIntervalMs: 100,
      })
      let release = () => {}
      const run = consumer.run(
        ({ partition, offset }) =>
          partition === 1 && offset === 20n ? new Promise<void>((resolve) => (release = resolve)) : undefined,
        { concurrency: 2 },
      )
      try {
        await until(
          () => partitionOf(consumer, 0)?.committed === 50n && partitionOf(consumer, 1)?.committed === 20n,
          'commits',
        )
        const health = consumer.health()
        const output = await runKafkaTool(version, consumerGroupsTool(version), [
          '--bootstrap-server',
          target.bootstrap.join(),
          '--group',
          groupId,
          '--describe',
        ])
        for (const { partition, committed, logEnd } of health.partitions) {
          const lag = (logEnd ?? 0n) - (committed ?? 0n)
          expect(javaView(output, groupId, topic, partition)).toEqual([committed, logEnd, lag].map(String))
        }
        expect(output).toContain(health.group?.memberId ?? 'no member')
        const [listed] = await admin.listGroupOffsets([{ groupId }])
        const byPartition = listed?.offsets.toSorted((a, b) => a.partition - b.partition)
        expect(byPartition?.map(({ offset }) => offset)).toEqual([50n, 20n])
        // The message that the handler works on was handed out: it is not behind any more.
        expect(consumer.lag().map(({ lag }) => lag)).toEqual([0n, 29n])
        expect(consumer.metrics()).toMatchObject({
          assignedPartitions: 2,
          recordsLagMax: 29,
          recordsLeadMin: 21,
        })
        expect(health).toMatchObject({ isHealthy: true, isReady: true, group: { protocol: groupProtocol } })
        release()
        await until(() => consumer.lag().every(({ lag }) => lag === 0n), 'no lag')
        await consumer.stop()
        expect(consumer.metrics()).toMatchObject({
          recordsConsumedTotal: 100,
          rebalanceTotal: 1,
          recordsLagMax: 0,
        })
      } finally {
        release()
        await consumer.close()
        await run
      }
    },
  )
})
