import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, silentLogger, type ConsumerOptions } from '../../../src'
import { eventually } from '../../support/eventually'
import { eventuallyShared, type MemberView, WatchedMember } from '../../support/watched-member'
import type { JavaMember, JavaMemberOptions, JavaMembers } from './java-members'
import type { KafkaUnderTest } from './describe-kafka'

/** Whoever's client it is. */
export type MixedMember = WatchedMember | JavaMember

/** What members of both kinds can join with. */
export type OptionsOfBoth = Omit<JavaMemberOptions, 'groupId' | 'topics'>

const limitMs = 30_000
const batch = 10

/** A group on a topic of its own, with members of this package and of the Java client, while messages flow. */
export class MixedGroup {
  readonly id: string
  readonly topic: string
  readonly partitions: number
  readonly members: MixedMember[] = []
  /** The longest time in which no member handled anything, while messages came. */
  longestPauseMs = 0
  readonly #kafka: KafkaUnderTest
  readonly #java: JavaMembers
  readonly #client: Kafka
  #isFlowing = true
  #flow: Promise<number> = Promise.resolve(0)

  private constructor(kafka: KafkaUnderTest, java: JavaMembers, partitions: number) {
    this.#kafka = kafka
    this.#java = java
    this.partitions = partitions
    this.id = kafka.uniqueName('mixed')
    this.topic = kafka.uniqueName('orders')
    this.#client = new Kafka({ brokers: kafka.bootstrap, logger: silentLogger })
  }

  /** Creates the topic, hands the group to `body`, and ends all members, whatever happens. */
  static async with(
    kafka: KafkaUnderTest,
    java: JavaMembers,
    body: (group: MixedGroup) => Promise<void>,
    partitions = 6,
  ): Promise<void> {
    const group = new MixedGroup(kafka, java, partitions)
    await using admin = group.#client.admin()
    await admin.createTopics([{ name: group.topic, partitions, replicationFactor: 1 }])
    group.#flow = group.#produce()
    group.#flow.catch(() => {})
    try {
      await body(group)
    } finally {
      group.#isFlowing = false
      await Promise.all(group.members.map((member) => member.close()))
      await group.#flow
    }
  }

  ours(options: ConsumerOptions = {}): WatchedMember {
    const classic =
      options.groupProtocol === 'consumer' ? {} : { heartbeatIntervalMs: 250, sessionTimeoutMs: 10_000 }
    const common = { groupId: this.id, topics: [this.topic], fetchMaxWaitMs: 100 }
    const member = new WatchedMember(
      { brokers: this.#kafka.bootstrap },
      { ...common, ...classic, ...options },
    )
    this.members.push(member.run())
    return member
  }

  java(options: OptionsOfBoth = {}): JavaMember {
    const member = this.#java.join({ groupId: this.id, topics: [this.topic], ...options })
    this.members.push(member)
    return member
  }

  /** Waits until these, and nobody else, own every partition once, in shares that differ by one at most. */
  async sharedBy(...members: readonly MemberView[]): Promise<void> {
    const share = Math.floor(this.partitions / members.length)
    const larger = this.partitions - share * members.length
    await eventuallyShared(
      members,
      members.map((_, i) => (i < larger ? share + 1 : share)),
      limitMs,
    )
    const others = this.members.filter((member) => !members.includes(member) && member.owned.size > 0)
    if (others.length > 0) throw new Error(`${others.length} members own partitions after they left`)
  }

  /**
   * Takes members to other options, each by leaving and joining again, one after the other, and each only when the group is
   * stable: a group that changes protocols goes on with its newest epoch, and refuses classic members that are behind.
   */
  async roll(members: MixedMember[], options: OptionsOfBoth): Promise<void> {
    await using admin = this.#client.admin()
    for (const [i, member] of members.entries()) {
      while ((await admin.describeGroups([this.id]))[0]?.state !== 'Stable') await delay(20)
      await member.close()
      members[i] = member instanceof WatchedMember ? this.ours(options) : this.java(options)
      await this.sharedBy(...members)
    }
  }

  /** The protocol that the group uses, and the assignor that made its assignment. */
  async inUse(): Promise<string> {
    await using admin = this.#client.admin()
    const [group] = await admin.describeGroups([this.id])
    return `${group?.type} ${group?.assignor}`
  }

  /** From now on notes what members that are there give up; the answer tells the partitions so far. */
  watchRevocations(): () => string[] {
    const before = this.members.map(({ events }) => events.length)
    return () =>
      this.members.flatMap(({ events }, i) =>
        events
          .slice(before[i] ?? events.length)
          .filter((event) => event.startsWith('revoked'))
          .flatMap((event) => event.split(' ').slice(1)),
      )
  }

  handled(): string[] {
    return this.members.flatMap((member) => member.handled)
  }

  /**
   * Ends the flow, waits until all of it was handled, and lets the members leave.
   * @returns how many messages there were
   */
  async drain(): Promise<number> {
    this.#isFlowing = false
    const sent = await this.#flow
    const all = () => new Set(this.handled()).size
    await eventually(
      () => all() === sent,
      () => `${all()} of ${sent} messages were handled`,
      limitMs,
    )
    await Promise.all(this.members.map((member) => member.close()))
    return sent
  }

  /** Everything was handled exactly once, and nobody failed or was thrown out. */
  async expectExactlyOnce(): Promise<void> {
    const sent = await this.drain()
    const handled = this.handled()
    const twice = handled.filter((value, i) => handled.indexOf(value) !== i)
    expect(twice.slice(0, 20)).toEqual([])
    expect(handled).toHaveLength(sent)
    for (const { failure, events } of this.members) {
      expect(failure).toBeUndefined()
      expect(events.filter((event) => event.startsWith('lost'))).toEqual([])
    }
    await using admin = this.#client.admin()
    const [committed] = await admin.listGroupOffsets([{ groupId: this.id }])
    const total = committed?.offsets.reduce((sum, { offset }) => sum + (offset ?? 0n), 0n)
    expect(total).toBe(BigInt(sent))
  }

  /** Sends until it is told to stop, and watches that the group goes on. */
  async #produce(): Promise<number> {
    await using producer = this.#client.producer()
    let sent = 0
    let seen = 0
    let progressAt = performance.now()
    while (this.#isFlowing) {
      const messages = Array.from({ length: batch }, (_, i) => ({
        partition: (sent + i) % this.partitions,
        value: String(sent + i),
      }))
      await producer.send(this.topic, messages)
      sent += batch
      await delay(10)
      const handled = this.members.reduce((sum, member) => sum + member.handled.length, 0)
      if (handled > seen) {
        if (seen > 0) this.longestPauseMs = Math.max(this.longestPauseMs, performance.now() - progressAt)
        progressAt = performance.now()
      }
      seen = handled
    }
    return sent
  }
}
