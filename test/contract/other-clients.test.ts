// Guards against a broker that only our own client can use: Kafka's Java clients and tools work with it as they are.
import { silentLogger } from '../../src/base/logger'
import { createBroker, type TestCluster } from '../../src/testing'
import { JavaMembers } from '../kafka/support/java-members'
import { consoleTools, runJavaProgram, runKafkaTool } from '../kafka/support/java-tools'
import type { KafkaVersion } from '../kafka/support/kafka-versions'
import { describeWithJava } from '../kafka/support/require-java'
import { eventuallyShared } from '../support/watched-member'

const tools = 'org.apache.kafka.tools'
const assignors = ['range', 'cooperative-sticky'] as const

describe.each(['3.7.2', '4.3.1'] as const)(
  'the Java clients and tools of Kafka %s',
  (version: KafkaVersion) => {
    describeWithJava('with the in-process broker', () => {
      let cluster: TestCluster
      let server: string[]
      const text = consoleTools(version)
      const groupCommand = version.startsWith('3.')
        ? 'kafka.admin.ConsumerGroupCommand'
        : `${tools}.consumer.group.ConsumerGroupCommand`
      beforeAll(async () => {
        cluster = await createBroker({
          configs: { 'group.initial.rebalance.delay.ms': 0 },
          logger: silentLogger,
        })
        server = ['--bootstrap-server', cluster.bootstrap.join(',')]
      })
      afterAll(() => cluster?.close())

      const run = (mainClass: string, ...args: string[]): Promise<string> =>
        runKafkaTool(version, mainClass, [...server, ...args])
      const newTopic = (name: string, partitions = 1): string =>
        cluster.createTopic(name, { partitions }).name
      const lines = (output: string): string[] => output.split('\n').filter((line) => line.trim() !== '')

      it('creates, describes, changes, lists and deletes topics with kafka-topics', async () => {
        const topic = ['--topic', 'by-tool']
        await run(
          `${tools}.TopicCommand`,
          '--create',
          ...topic,
          '--partitions',
          '2',
          '--config',
          'retention.ms=1000',
        )
        await run(`${tools}.TopicCommand`, '--alter', ...topic, '--partitions', '3')
        const [described, listed] = await Promise.all([
          run(`${tools}.TopicCommand`, '--describe', ...topic),
          run(`${tools}.TopicCommand`, '--list'),
        ])
        expect(described).toMatch(/PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention.ms=1000/)
        expect(described.match(/Leader: 1\s+Replicas: 1\s+Isr: 1/g)).toHaveLength(3)
        expect(lines(listed)).toContain('by-tool')
        await run(`${tools}.TopicCommand`, '--delete', ...topic)
        expect(cluster.topics.map(({ name }) => name)).not.toContain('by-tool')
      })

      it('reads and changes configs with kafka-configs', async () => {
        const name = newTopic('configs')
        const entity = ['--entity-type', 'topics', '--entity-name', name]
        await run(
          'kafka.admin.ConfigCommand',
          '--alter',
          ...entity,
          '--add-config',
          'retention.ms=2000,flush.ms=5',
        )
        await run('kafka.admin.ConfigCommand', '--alter', ...entity, '--delete-config', 'flush.ms')
        const described = await run('kafka.admin.ConfigCommand', '--describe', ...entity)
        expect(described).toContain('retention.ms=2000 sensitive=false')
        expect(described).not.toContain('flush.ms=')
      })

      it('writes with the console producer and reads with the console consumer', async () => {
        const name = newTopic('console')
        await runKafkaTool(
          version,
          text.producer,
          [
            ...server,
            '--topic',
            name,
            text.producerProperty,
            'parse.key=true',
            text.producerProperty,
            'key.separator=:',
            text.producerConfig,
            'compression.type=gzip',
          ],
          {
            stdin: 'a:one\nb:two\nc:three\n',
          },
        )
        const read = await run(
          text.consumer,
          ...['--topic', name, '--from-beginning', '--max-messages', '3', '--group', 'console-group'],
          ...[text.consumerProperty, 'print.key=true', text.consumerProperty, 'key.separator=:'],
        )
        expect(lines(read)).toEqual(['a:one', 'b:two', 'c:three'])
      })

      it('passes what the verifiable producer and consumer verify, and shows the group and its offsets', async () => {
        const name = newTopic('verifiable', 3)
        const produced = await run(
          `${tools}.VerifiableProducer`,
          '--topic',
          name,
          '--max-messages',
          '500',
          '--acks',
          '-1',
        )
        const consumed = await run(
          `${tools}.VerifiableConsumer`,
          ...[
            '--topic',
            name,
            '--group-id',
            'verifying',
            '--max-messages',
            '500',
            '--reset-policy',
            'earliest',
          ],
        )
        const told = (output: string): Record<string, unknown>[] =>
          lines(output).map((line) => JSON.parse(line) as Record<string, unknown>)
        expect(told(produced).at(-1)).toMatchObject({ name: 'tool_data', sent: 500, acked: 500 })
        const counts = told(consumed).filter((event) => event['name'] === 'records_consumed')
        expect(counts.reduce((sum, event) => sum + Number(event['count']), 0)).toBe(500)
        const [ends, group] = await Promise.all([
          run(`${tools}.GetOffsetShell`, '--topic', name),
          run(groupCommand, '--describe', '--group', 'verifying'),
        ])
        const offsets = lines(ends).map((line) => Number(line.split(':')[2]))
        expect(offsets).toHaveLength(3)
        expect(offsets.reduce((sum, offset) => sum + offset)).toBe(500)
        const rows = lines(group)
          .map((line) => line.split(/\s+/))
          .filter(([id]) => id === 'verifying')
        const sum = (column: number): number => rows.reduce((total, row) => total + Number(row[column]), 0)
        const [committed, lag] = [3, 5]
        expect([sum(committed), sum(lag)]).toEqual([500, 0])
        await run(groupCommand, '--delete', '--group', 'verifying')
        expect(lines(await run(groupCommand, '--list'))).not.toContain('verifying')
      })

      it('takes the load of the performance tool', async () => {
        const name = newTopic('performance')
        const properties = [
          '--producer-props',
          `bootstrap.servers=${cluster.bootstrap.join(',')}`,
          'compression.type=lz4',
        ]
        const output = await runKafkaTool(version, `${tools}.ProducerPerformance`, [
          ...['--topic', name, '--num-records', '20000', '--record-size', '100', '--throughput', '-1'],
          ...properties,
        ])
        expect(output).toMatch(/20000 records sent/)
        const ends = await run(`${tools}.GetOffsetShell`, '--topic', name)
        expect(ends.trim()).toBe(`${name}:0:20000`)
      })

      it('balances members that join and leave', async () => {
        const java = await JavaMembers.start({ version, bootstrap: cluster.bootstrap })
        try {
          const options = { groupId: 'members-group', topics: [newTopic('members', 4)], assignors }
          const [first, second] = [java.join(options), java.join(options)]
          await eventuallyShared([first, second], [2, 2], 20_000)
          await first.close()
          await eventuallyShared([second], [4], 20_000)
          await second.close()
          expect([first.failure, second.failure]).toEqual([undefined, undefined])
        } finally {
          await java.stop()
        }
      })

      it('keeps what the Java producer writes with every codec', async () => {
        const name = newTopic('codecs')
        const writer = 'tools/java/ConsumerTransactionalWriter.java'
        await runJavaProgram(version, writer, [cluster.bootstrap.join(','), name, 'plain', '20'])
        const stored = cluster.records(name)
        expect(stored).toHaveLength(100)
        expect(
          stored
            .map(({ value }) => value && String(value))
            .filter((value) => value?.startsWith('gzip-value')),
        ).toHaveLength(14)
      })

      it('shows a Java consumer of committed records what overlapping transactions of Java producers committed', async () => {
        const name = newTopic('transactions')
        const writer = 'tools/java/ConsumerTransactionalWriter.java'
        const written = await runJavaProgram(version, writer, [
          cluster.bootstrap.join(','),
          name,
          'transactions',
          '4',
        ])
        expect(written.trim()).toBe('committed 24')
        const read = await run(
          text.consumer,
          ...['--topic', name, '--from-beginning', '--timeout-ms', '3000'],
          ...[text.consumerConfig, 'isolation.level=read_committed'],
        )
        expect(lines(read)).toHaveLength(24)
        expect(lines(read).filter((line) => !line.startsWith('committed-'))).toEqual([])
      })

      if (version === '4.3.1') {
        it('serves the group protocol of KIP-848 and share groups to Java consumers', async () => {
          const name = newTopic('new-groups', 2)
          await runKafkaTool(version, text.producer, [...server, '--topic', name], {
            stdin: 'one\ntwo\nthree\n',
          })
          const read = await run(
            text.consumer,
            ...['--topic', name, '--from-beginning', '--max-messages', '3', '--group', 'new-protocol'],
            ...[text.consumerConfig, 'group.protocol=consumer'],
          )
          expect(lines(read).sort()).toEqual(['one', 'three', 'two'])
          const configs = ['--entity-type', 'groups', '--entity-name', 'shared']
          await run(
            'kafka.admin.ConfigCommand',
            '--alter',
            ...configs,
            '--add-config',
            'share.auto.offset.reset=earliest',
          )
          const shared = await run(
            `${tools}.consumer.ConsoleShareConsumer`,
            ...['--topic', name, '--max-messages', '3', '--group', 'shared'],
          )
          expect(lines(shared).sort()).toEqual(['one', 'three', 'two'])
        })
      }
    })
  },
)
