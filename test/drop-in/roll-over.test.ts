// Guards the move of a running group: one member after another goes from KafkaJS to us, or back, while messages flow.
// Nothing is lost, and nobody waits longer than a rebalance takes.
import * as theirs from 'kafkajs'
import * as ours from '../../src/kafkajs'
import { until } from '../in-process/support/case-runner'
import { type BrokersUnderTest, describeBrokers } from './support/describe-brokers'

const makers = { KafkaJS: theirs.Kafka as typeof ours.Kafka, us: ours.Kafka }
type Peer = keyof typeof makers

const partitions = 6
/** A member that is gone without a word would be waited for as long as its session. */
const sessionTimeout = 10_000
/** A rebalance: a heartbeat until all know, what their handlers still do, the joins. */
const rebalanceLimitMs = 5_000
const waitMs = 20_000

interface Member {
  readonly peer: Peer
  readonly consumer: ours.Consumer
  /** What the group has agreed on, as told by its last join, and the partitions it got. */
  joined: { protocol: string; partitions: number[] } | undefined
}

/** A group on a topic of its own into which messages flow. */
class RollingGroup {
  readonly members: Member[] = []
  /** By message: who has handled it. */
  readonly handled = new Map<string, Peer[]>()
  sent = 0
  longestPauseMs = 0
  readonly #brokers: string[]
  readonly #topic: string
  readonly #producer: ours.Producer
  #isFlowing = true
  #flow: Promise<void> = Promise.resolve()
  #lastHandledAt = 0

  private constructor(brokers: string[], topic: string) {
    this.#brokers = brokers
    this.#topic = topic
    this.#producer = this.#kafka('us').producer()
  }

  static async with(
    { bootstrap }: BrokersUnderTest,
    body: (group: RollingGroup) => Promise<void>,
  ): Promise<void> {
    const group = new RollingGroup(bootstrap, `rolled-${process.pid.toString(36)}-${Date.now().toString(36)}`)
    const admin = group.#kafka('us').admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: group.#topic, numPartitions: partitions }] })
    await admin.disconnect()
    await group.#producer.connect()
    try {
      await body(group)
    } finally {
      group.#isFlowing = false
      await group.#flow
      await Promise.all(group.members.map(({ consumer }) => consumer.disconnect()))
      await group.#producer.disconnect()
    }
  }

  #kafka(peer: Peer): ours.Kafka {
    return new makers[peer]({ brokers: this.#brokers, logLevel: ours.logLevel.NOTHING })
  }

  async join(peer: Peer): Promise<Member> {
    const consumer = this.#kafka(peer).consumer({
      groupId: this.#topic,
      heartbeatInterval: 200,
      maxWaitTimeInMs: 100,
      sessionTimeout,
    })
    const member: Member = { peer, consumer, joined: undefined }
    this.members.push(member)
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { groupProtocol: protocol, memberAssignment } }) => {
      member.joined = { protocol, partitions: memberAssignment[this.#topic] ?? [] }
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [this.#topic], fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => this.#handle(peer, String(message.value)) })
    return member
  }

  async leave(member: Member): Promise<void> {
    this.members.splice(this.members.indexOf(member), 1)
    await member.consumer.disconnect()
  }

  /** Waits until these members have all partitions between them, by the protocol of that name. */
  async sharedBy(protocol: string, ...members: Member[]): Promise<void> {
    await until(
      () => {
        const owned = members.flatMap(({ joined }) =>
          joined?.protocol === protocol ? joined.partitions : [],
        )
        const share = partitions / members.length
        const isEven = members.every(({ joined }) => joined?.partitions.length === share)
        return isEven && new Set(owned).size === partitions
      },
      `a share for each of ${members.map(({ peer }) => peer).join(', ')} by ${protocol}`,
      waitMs,
    )
  }

  /** From now on messages flow, and pauses count. */
  flow(): void {
    this.#lastHandledAt = Date.now()
    this.#flow = this.#produce()
  }

  /** Waits until everything that was sent until now is handled. */
  async drained(): Promise<void> {
    const values = Array.from({ length: this.sent }, (_, i) => `${i}`)
    await until(() => values.every((value) => this.handled.has(value)), 'all that was sent', waitMs)
  }

  /** What is committed of each partition, and where it ends, when nothing flows any more. */
  async committedAndEnds(): Promise<{ committed: string[]; ends: string[] }> {
    this.#isFlowing = false
    await this.#flow
    await this.drained()
    for (const member of [...this.members]) await this.leave(member)
    const admin = this.#kafka('us').admin()
    await admin.connect()
    try {
      const topics = [this.#topic]
      const [found] = await admin.fetchOffsets({ groupId: this.#topic, topics })
      const ends = await admin.fetchTopicOffsets(this.#topic)
      const byPartition = (a: { partition: number }, b: { partition: number }) => a.partition - b.partition
      return {
        committed: (found?.partitions ?? []).sort(byPartition).map(({ offset }) => offset),
        ends: ends.sort(byPartition).map(({ high }) => high),
      }
    } finally {
      await admin.disconnect()
    }
  }

  async #produce(): Promise<void> {
    while (this.#isFlowing) {
      const messages = Array.from({ length: partitions }, (_, partition) => ({
        value: `${this.sent + partition}`,
        partition,
      }))
      await this.#producer.send({ topic: this.#topic, messages })
      this.sent += partitions
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  #handle(peer: Peer, value: string): void {
    const now = Date.now()
    this.longestPauseMs = Math.max(this.longestPauseMs, now - this.#lastHandledAt)
    this.#lastHandledAt = now
    const by = this.handled.get(value)
    if (by === undefined) this.handled.set(value, [peer])
    else by.push(peer)
  }
}

describeBrokers('a group that rolls over', (brokers) => {
  test.each([
    ['KafkaJS', 'us', 'RoundRobinAssigner', 'roundrobin'],
    ['us', 'KafkaJS', 'roundrobin', 'RoundRobinAssigner'],
  ] as const)(
    '9.2, 13.2: from %s to %s, one member at a time, without loss and without a pause longer than a rebalance',
    async (from, to, before, after) => {
      await RollingGroup.with(brokers, async (group) => {
        const old = [await group.join(from), await group.join(from)]
        await group.sharedBy(before, ...old)
        group.flow()
        await group.drained()
        const next: Member[] = []
        for (let member = old.shift(); member !== undefined; member = old.shift()) {
          await group.leave(member)
          next.push(await group.join(to))
          // While one of KafkaJS is among them, its protocol is all that they have in common.
          await group.sharedBy(old.length > 0 ? 'RoundRobinAssigner' : after, ...old, ...next)
          const sent = group.sent
          await until(() => group.sent > sent + 100, 'some more messages', waitMs)
          await group.drained()
        }
        const { committed, ends } = await group.committedAndEnds()
        expect(committed).toEqual(ends)
        expect(group.handled.size).toBe(group.sent)
        expect(new Set([...group.handled.values()].flat())).toEqual(new Set([from, to]))
        expect(group.longestPauseMs).toBeLessThan(rebalanceLimitMs)
        const again = [...group.handled.values()].filter((by) => by.length > 1)
        expect(again.length).toBeLessThan(group.sent / 10)
      })
    },
    60_000,
  )
})
