// Guards against members of the KIP-848 protocol that only brokers of our own making understand: real coordinators, and
// groups that move from one protocol to the other while messages flow.
import { Kafka, silentLogger, type ConsumerOptions } from '../../src'
import { eventually } from '../support/eventually'
import { eventuallyShared, WatchedMember } from '../support/watched-member'
import {
  describeEachKafka,
  describeEachKafkaCluster,
  type KafkaClusterUnderTest,
  type KafkaUnderTest,
} from './support/describe-kafka'
import { quickGroups } from './support/quick-groups'

const limitMs = 60_000

const quick = { nodes: 3, versions: ['4.3.1'], brokerConfig: quickGroups } as const

/** Members of one group on one topic, all of them closed in the end. */
class Group {
  readonly id: string
  readonly topic: string
  readonly #kafka: KafkaUnderTest
  readonly #members: WatchedMember[] = []
  readonly #client: Kafka

  constructor(kafka: KafkaUnderTest) {
    this.#kafka = kafka
    this.id = kafka.uniqueName('group')
    this.topic = kafka.uniqueName('orders')
    this.#client = new Kafka({ brokers: kafka.bootstrap, logger: silentLogger })
  }

  async createTopic(name: string, partitions: number): Promise<void> {
    await using admin = this.#client.admin()
    await admin.createTopics([{ name, partitions, configs: { 'min.insync.replicas': '1' } }])
  }

  member(options: ConsumerOptions = {}): WatchedMember {
    const member = new WatchedMember(
      { brokers: this.#kafka.bootstrap },
      { groupId: this.id, topics: [this.topic], groupProtocol: 'consumer', ...options },
    )
    this.#members.push(member)
    return member
  }

  /** Sends so many messages, round the partitions. */
  async produce(from: number, count: number, partitions: number): Promise<void> {
    await using producer = this.#client.producer()
    await producer.send(
      this.topic,
      Array.from({ length: count }, (_, i) => ({ partition: i % partitions, value: String(from + i) })),
    )
  }

  /** Sends messages until it is told to stop; answers how many. */
  flow(partitions: number): () => Promise<number> {
    let isStopped = false
    const flowing = (async () => {
      let sent = 0
      while (!isStopped) {
        await this.produce(sent, 20, partitions)
        sent += 20
      }
      return sent
    })()
    return () => {
      isStopped = true
      return flowing
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.close()))
  }
}

const withGroup =
  (kafka: KafkaUnderTest, body: (group: Group) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const group = new Group(kafka)
    try {
      await body(group)
    } finally {
      await group.close()
    }
  }

describeEachKafkaCluster('groups of the KIP-848 protocol', quick, (kafka: KafkaClusterUnderTest) => {
  const test = (title: string, body: (group: Group) => Promise<void>, timeoutMs = limitMs) =>
    it(title, (done) => void withGroup(kafka, body)().then(() => done(), done), timeoutMs)

  test('G6: move from the classic protocol to KIP-848 and back while messages flow, without loss', async (group) => {
    await group.createTopic(group.topic, 4)
    const classic = { groupProtocol: 'classic' } as const
    const members = [group.member(classic).run(), group.member(classic).run()]
    await eventuallyShared(members, [2, 2], limitMs)
    const stop = group.flow(4)
    const all = [...members]
    for (const protocol of ['consumer', 'classic'] as const) {
      for (const place of [0, 1]) {
        await members[place]?.close()
        const next = group.member({ groupProtocol: protocol }).run()
        members[place] = next
        all.push(next)
        await eventuallyShared(members, [2, 2], limitMs)
      }
    }
    const sent = await stop()
    const handled = () => all.flatMap((member) => member.handled)
    await eventually(
      () => new Set(handled()).size === sent,
      () => `${handled().length} of ${sent}`,
      limitMs,
    )
    expect(all.map(({ failure }) => failure)).toEqual(all.map(() => undefined))
    // Whoever left had committed what it finished: nobody did anything again.
    expect(handled()).toHaveLength(sent)
  }, 120_000)

  test('G7: keep the partitions of a static member that is restarted, and refuse a second of its name', async (group) => {
    await group.createTopic(group.topic, 4)
    const other = group.member().run()
    const first = group.member({ groupInstanceId: 'till-1' }).run()
    await eventuallyShared([first, other], [2, 2], limitMs)
    const had = [...first.owned].sort()
    const twin = group.member({ groupInstanceId: 'till-1' }).run()
    await eventually(
      () => twin.failure !== undefined,
      () => twin.events.join(),
      limitMs,
    )
    expect(twin.failure).toMatchObject({ code: 'UNRELEASED_INSTANCE_ID' })
    const before = other.events.length
    await first.close()
    const again = group.member({ groupInstanceId: 'till-1' }).run()
    await eventuallyShared([again, other], [2, 2], limitMs)
    expect([...again.owned].sort()).toEqual(had)
    expect(other.events.slice(before)).toEqual([])
  })

  test('G12, G13: get topics that match a pattern when they are created', async (group) => {
    await group.createTopic(`${group.topic}-a`, 2)
    const member = group.member({ topics: [new RegExp(`^${group.topic}-[ab]`)] }).run()
    await eventuallyShared([member], [2], limitMs)
    await group.createTopic(`${group.topic}-b`, 3)
    await group.createTopic(`${group.topic}-c`, 1)
    await eventuallyShared([member], [5], limitMs)
    const wrong = group.member({ topics: [/^(?!a)b/] }).run()
    await eventually(
      () => wrong.failure !== undefined,
      () => wrong.events.join(),
      limitMs,
    )
    expect(wrong.failure).toMatchObject({ code: 'INVALID_REGULAR_EXPRESSION' })
  })

  test('G14, L20: keep their partitions when the coordinator goes away and another takes over', async (group) => {
    await group.createTopic(group.topic, 4)
    const member = group.member().run()
    await eventuallyShared([member], [4], limitMs)
    await group.produce(0, 40, 4)
    const coordinator = kafka.node(2)
    for (const node of [coordinator, kafka.node(3)]) {
      await node.stop()
      await group.produce(100 * node.id, 40, 4)
      await node.start()
    }
    await eventually(
      () => new Set(member.handled).size === 120,
      () => String(member.handled.length),
      limitMs,
    )
    expect(member.failure).toBeUndefined()
    expect(member.events.filter((event) => event.startsWith('lost'))).toEqual([])
  }, 180_000)
})

describeEachKafka(
  'a member of the KIP-848 protocol, where brokers do not serve it',
  (kafka) => {
    it(
      'uses the classic protocol, and says so once',
      withGroup(kafka, async (group) => {
        await group.createTopic(group.topic, 2)
        const member = group.member().run()
        await eventuallyShared([member], [2], limitMs)
        await group.produce(0, 10, 2)
        await eventually(
          () => member.handled.length === 10,
          () => String(member.failure),
          limitMs,
        )
      }),
      limitMs,
    )
  },
  { versions: ['3.7.2'] },
)
