// Guards against groups that only work with a coordinator of our own making: real ones must agree with us on who owns
// what, through joins and leaves.
import { setTimeout as delay } from 'node:timers/promises'
import { Admin } from '../../src/admin/admin'
import { Deadline } from '../../src/base/deadline'
import type { KafkaError } from '../../src/base/errors'
import { silentLogger } from '../../src/base/logger'
import { formatTopicPartition, type TopicPartition } from '../../src/base/topic-partition'
import type { Cluster, ClusterLease } from '../../src/cluster/cluster'
import { resolveClusterOptions } from '../../src/cluster/cluster-options'
import { createCluster } from '../../src/cluster/create-cluster'
import type { PartitionAssignor } from '../../src/consumer/assignors/partition-assignor'
import { rangeAssignor } from '../../src/consumer/assignors/range-assignor'
import { roundRobinAssignor } from '../../src/consumer/assignors/round-robin-assignor'
import { cooperativeStickyAssignor } from '../../src/consumer/assignors/sticky/cooperative-sticky-assignor'
import { stickyAssignor } from '../../src/consumer/assignors/sticky/sticky-assignor'
import { ClassicMembership } from '../../src/consumer/group/classic-membership'
import type { GroupListener, GroupMembershipOptions } from '../../src/consumer/group/group-membership'
import { eventually } from '../support/eventually'
import { describeEachKafka, type KafkaUnderTest } from './support/describe-kafka'

const timeLimitMs = 60_000

/** One of our members, which writes down what happens to it and breaks when the callbacks contradict each other. */
class OurMember implements GroupListener {
  readonly #owned = new Set<string>()
  readonly events: string[] = []
  readonly errors: KafkaError[] = []
  readonly membership: ClassicMembership
  readonly cluster: Cluster
  readonly #lease: ClusterLease

  constructor(
    kafka: KafkaUnderTest,
    readonly name: string,
    topics: readonly string[],
    options: Pick<GroupMembershipOptions, 'groupId' | 'assignors'> & Partial<GroupMembershipOptions>,
  ) {
    this.cluster = createCluster(resolveClusterOptions({ brokers: kafka.bootstrap, logger: silentLogger }))
    this.#lease = this.cluster.lease()
    this.membership = new ClassicMembership(
      this.cluster,
      {
        groupInstanceId: null,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 30_000,
        // What the coordinator wants of a member it says to its next heartbeat.
        heartbeatIntervalMs: 100,
        rackId: null,
        allowAutoTopicCreation: false,
        ...options,
      },
      this,
    )
    this.membership.start({ topics: topics, pattern: null })
  }

  deadline = () => new Deadline(this.cluster.clock, 'test', 20_000)
  owned = () => [...this.#owned].sort()

  onAssigned(added: readonly TopicPartition[]): Promise<void> {
    return this.#note('assigned', added, (name) => {
      if (this.#owned.has(name)) throw new Error(`${name} was assigned twice`)
      this.#owned.add(name)
    })
  }

  onRevoked(revoked: readonly TopicPartition[]): Promise<void> {
    return this.#note('revoked', revoked, (name) => {
      if (!this.#owned.delete(name)) throw new Error(`${name} was revoked but not owned`)
    })
  }

  onLost(lost: readonly TopicPartition[]): Promise<void> {
    return this.#note('lost', lost, (name) => void this.#owned.delete(name))
  }

  onError(error: KafkaError): void {
    this.errors.push(error)
  }

  onFatal(error: KafkaError): void {
    this.errors.push(error)
  }

  #note(what: string, partitions: readonly TopicPartition[], each: (name: string) => void): Promise<void> {
    const names = partitions.map(formatTopicPartition)
    this.events.push([what, ...names].join(' '))
    names.forEach(each)
    return Promise.resolve()
  }

  async leave(): Promise<void> {
    await this.membership.close(this.deadline(), { leave: 'default' })
    await this.#lease.release()
  }
}

/** Waits until every partition has one owner and the shares differ by one at most. */
async function eventuallyShared(members: readonly OurMember[], partitions: readonly string[]): Promise<void> {
  const isShared = () => {
    const all = members.flatMap((member) => member.owned())
    const counts = members.map((member) => member.owned().length)
    return (
      all.length === partitions.length &&
      new Set(all).size === partitions.length &&
      Math.max(...counts) - Math.min(...counts) <= 1
    )
  }
  const show = () => members.map((member) => `${member.name}: ${member.owned().join(' ')}`).join('; ')
  await eventually(isShared, show, timeLimitMs)
  // Still so after a while: not just a moment between two rebalances.
  await delay(1_000)
  await eventually(isShared, show, timeLimitMs)
}

describeEachKafka('membership by the classic protocol', (kafka) => {
  let admin: Admin
  let started: OurMember[] = []
  beforeAll(() => {
    admin = new Admin(
      createCluster(resolveClusterOptions({ brokers: kafka.bootstrap, logger: silentLogger })),
    )
  })
  afterEach(async () => {
    await Promise.all(started.map((member) => member.leave()))
    started = []
  })
  afterAll(() => admin.close())

  const newTopic = async (partitions: number) => {
    const name = kafka.uniqueName('group')
    await admin.createTopics([{ name, partitions, replicationFactor: 1 }])
    return { name, partitions: Array.from({ length: partitions }, (_, p) => `${name}-${p}`) }
  }

  const startOurs = (name: string, ...rest: [string[], ConstructorParameters<typeof OurMember>[3]]) => {
    const member = new OurMember(kafka, name, ...rest)
    started.push(member)
    return member
  }

  const assignors: [string, () => PartitionAssignor][] = [
    ['range', rangeAssignor],
    ['roundrobin', roundRobinAssignor],
    ['sticky', stickyAssignor],
    ['cooperative-sticky', cooperativeStickyAssignor],
  ]

  it.each(assignors)(
    'shares a topic between members that come and go, by %s',
    async (_, assignor) => {
      const { name, partitions } = await newTopic(6)
      const options = { groupId: kafka.uniqueName('group'), assignors: [assignor()] }
      const one = startOurs('one', [name], options)
      await eventuallyShared([one], partitions)
      const two = startOurs('two', [name], { ...options, assignors: [assignor()] })
      const three = startOurs('three', [name], { ...options, assignors: [assignor()] })
      await eventuallyShared([one, two, three], partitions)
      const before = performance.now()
      await two.leave()
      await eventuallyShared([one, three], partitions)
      // At once, not after the session timeout of 10 s.
      expect(performance.now() - before).toBeLessThan(8_000)
      expect([...one.errors, ...two.errors, ...three.errors]).toEqual([])
    },
    timeLimitMs,
  )

  it(
    'never gives up a partition that stays, when the protocol is cooperative',
    async () => {
      const { name, partitions } = await newTopic(4)
      const options = () => ({ groupId, assignors: [cooperativeStickyAssignor()] })
      const groupId = kafka.uniqueName('group')
      const one = startOurs('one', [name], options())
      await eventuallyShared([one], partitions)
      const two = startOurs('two', [name], options())
      await eventuallyShared([one, two], partitions)
      const moved = one.events.filter((event) => event.startsWith('revoked')).join(' ')
      expect(one.owned().every((partition) => !moved.split(' ').includes(partition))).toBe(true)
      expect(two.owned().every((partition) => moved.split(' ').includes(partition))).toBe(true)
    },
    timeLimitMs,
  )

  it(
    'commits and reads back offsets, the leader epoch and metadata with them',
    async () => {
      const { name, partitions } = await newTopic(2)
      const groupId = kafka.uniqueName('group')
      const one = startOurs('one', [name], { groupId, assignors: [rangeAssignor()] })
      await eventuallyShared([one], partitions)
      const both = [0, 1].map((partition) => ({ topic: name, partition }))
      const nothing = await one.membership.fetchCommitted(both, one.deadline())
      expect(nothing.map(({ committed }) => committed)).toEqual([null, null])
      const position = { offset: 7n, leaderEpoch: 0, metadata: 'seven' }
      await one.membership.commit([{ topic: name, partition: 1, ...position }], one.deadline())
      const found = await one.membership.fetchCommitted(both, one.deadline())
      expect(found).toEqual([
        { topic: name, partition: 0, committed: null },
        { topic: name, partition: 1, committed: position },
      ])
    },
    timeLimitMs,
  )

  it(
    'gives out the partitions a topic gets later, and a topic that is created later',
    async () => {
      const { name, partitions } = await newTopic(2)
      const later = kafka.uniqueName('later')
      const groupId = kafka.uniqueName('group')
      const one = startOurs('one', [name, later], { groupId, assignors: [rangeAssignor()] })
      await eventuallyShared([one], partitions)
      await admin.createTopics([{ name: later, partitions: 1, replicationFactor: 1 }])
      await eventuallyShared([one], [...partitions, `${later}-0`])
    },
    timeLimitMs,
  )

  it(
    'keeps the place of a static member that is restarted',
    async () => {
      const { name, partitions } = await newTopic(4)
      const groupId = kafka.uniqueName('group')
      const options = (groupInstanceId: string) => ({
        groupId,
        groupInstanceId,
        assignors: [rangeAssignor()],
      })
      const one = startOurs('one', [name], options('one'))
      const two = startOurs('two', [name], options('two'))
      await eventuallyShared([one, two], partitions)
      const [eventsBefore, ownedBefore] = [two.events.length, one.owned()]
      await one.leave()
      const again = startOurs('one again', [name], options('one'))
      await eventuallyShared([again, two], partitions)
      expect(again.owned()).toEqual(ownedBefore)
      expect(two.events.length).toBe(eventsBefore)
    },
    timeLimitMs,
  )

  it(
    'ends with FENCED_INSTANCE_ID when another takes over its instance id',
    async () => {
      const { name, partitions } = await newTopic(1)
      const options = {
        groupId: kafka.uniqueName('group'),
        groupInstanceId: 'till',
        assignors: [rangeAssignor()],
      }
      const one = startOurs('one', [name], options)
      await eventuallyShared([one], partitions)
      const two = startOurs('two', [name], options)
      await eventually(
        () => one.errors.length > 0 && two.owned().length === 1,
        () => 'one is still not fenced',
        timeLimitMs,
      )
      expect(one.errors.map((error) => error.code)).toEqual(['FENCED_INSTANCE_ID'])
    },
    timeLimitMs,
  )
})
