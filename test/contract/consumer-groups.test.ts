// Guards against a coordinator of KIP-848 groups that assigns, fences or refuses otherwise than Kafka's.
import { consumerGroupDescribeApi } from '../../src/wire/generated/client/consumer-group-describe'
import {
  consumerGroupHeartbeatApi,
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
} from '../../src/wire/generated/client/consumer-group-heartbeat'
import { listGroupsApi } from '../../src/wire/generated/client/list-groups'
import { offsetCommitApi } from '../../src/wire/generated/client/offset-commit'
import { code, describeEachBroker } from './support/describe-each-broker'
import { newGroup, stableMember } from './support/groups'
import { createTopic, only, type TestTopic } from './support/log'

let members = 0

describeEachBroker('a consumer group', { releases: ['4.3'] }, (broker) => {
  let group: string
  let topic: TestTopic
  beforeEach(async () => {
    group = await newGroup(broker)
    topic = await createTopic(broker, { partitions: 4 })
  })

  const beat = (
    memberId: string,
    memberEpoch: number,
    more: Partial<ConsumerGroupHeartbeatRequest> = {},
    version = 1,
  ): Promise<ConsumerGroupHeartbeatResponse> =>
    broker.raw(consumerGroupHeartbeatApi, version, { groupId: group, memberId, memberEpoch, ...more })
  const joining = (
    more: Partial<ConsumerGroupHeartbeatRequest> = {},
  ): Partial<ConsumerGroupHeartbeatRequest> => ({
    rebalanceTimeoutMs: 30_000,
    subscribedTopicNames: [topic.name],
    topicPartitions: [],
    ...more,
  })
  const newId = (): string => `AAAAAAAAAAAAAAAAAAAA${String(++members).padStart(2, 'A')}`
  const owned = (partitions: readonly number[]): Pick<ConsumerGroupHeartbeatRequest, 'topicPartitions'> => ({
    topicPartitions: partitions.length === 0 ? [] : [{ topicId: topic.id, partitions }],
  })
  const partitionsOf = (answer: ConsumerGroupHeartbeatResponse): number[] | null =>
    answer.assignment && answer.assignment.topicPartitions.flatMap(({ partitions }) => [...partitions]).sort()

  /** A member that owns what it was given last. */
  class Member {
    epoch = 0
    partitions: number[] = []
    constructor(readonly id: string) {}

    async beat(more: Partial<ConsumerGroupHeartbeatRequest> = owned(this.partitions)): Promise<void> {
      const answer = await beat(this.id, this.epoch, this.epoch === 0 ? joining(more) : more)
      expect([code(answer.errorCode), answer.memberId]).toEqual(['NONE', this.id])
      this.epoch = answer.memberEpoch
      this.partitions = partitionsOf(answer) ?? this.partitions
    }

    /** Joins and waits for all partitions: the coordinator may not have seen the new topic yet. */
    async own(more: Partial<ConsumerGroupHeartbeatRequest> = {}): Promise<this> {
      await this.beat(more)
      while (this.partitions.length < 4) await this.beat()
      await this.beat()
      return this
    }
  }

  it('gives all partitions to its first member', async () => {
    const id = newId()
    const joined = await beat(id, 0, joining())
    expect(joined).toMatchObject({
      errorCode: 0,
      errorMessage: null,
      memberId: id,
      heartbeatIntervalMs: 5_000,
    })
    expect(joined.memberEpoch).toBeGreaterThan(0)
    let { memberEpoch } = joined
    let partitions = partitionsOf(joined) ?? []
    while (partitions.length === 0) {
      const next = await beat(id, memberEpoch, owned([]))
      memberEpoch = next.memberEpoch
      partitions = partitionsOf(next) ?? []
    }
    expect(partitions).toEqual([0, 1, 2, 3])
    const next = await beat(id, memberEpoch, owned(partitions))
    expect(next).toMatchObject({ errorCode: 0, memberEpoch, assignment: null })
  })

  it('moves partitions only when their owner has given them back, and gives them over when it leaves', async () => {
    const first = new Member(newId())
    const second = new Member(newId())
    await first.own()
    expect(first.partitions).toEqual([0, 1, 2, 3])
    await second.beat()
    expect(second.partitions).toEqual([])
    // The coordinator may take a moment for the new assignment; the first member still says that it owns all.
    while (first.partitions.length === 4) await first.beat(owned([0, 1, 2, 3]))
    expect(first.partitions).toHaveLength(2)
    const old = first.epoch
    await second.beat()
    expect(second.partitions).toEqual([])
    await first.beat()
    expect(first.epoch).toBeGreaterThan(old)
    while (second.partitions.length === 0) await second.beat()
    expect([...first.partitions, ...second.partitions].sort()).toEqual([0, 1, 2, 3])
    expect(second.epoch).toBe(first.epoch)
    expect(await beat(first.id, -1)).toMatchObject({ errorCode: 0, memberEpoch: -1, assignment: null })
    while (second.partitions.length < 4) await second.beat()
    expect(second.epoch).toBeGreaterThan(first.epoch)
  })

  it('follows patterns of topics', async () => {
    const answer = await beat(
      newId(),
      0,
      joining({ subscribedTopicNames: [], subscribedTopicRegex: `${topic.name}$` }),
    )
    expect(answer.errorCode).toBe(0)
    const id = answer.memberId ?? ''
    let { memberEpoch } = answer
    let found = partitionsOf(answer) ?? []
    // A pattern is resolved after the answer.
    while (found.length === 0) {
      const next = await beat(id, memberEpoch, owned([]))
      expect(code(next.errorCode)).toBe('NONE')
      memberEpoch = next.memberEpoch
      found = partitionsOf(next) ?? []
    }
    expect(found).toEqual([0, 1, 2, 3])
  })

  const refused: [string, string, number, Partial<ConsumerGroupHeartbeatRequest>, string, RegExp][] = [
    ['an empty group id', 'm', 0, { groupId: '' }, 'INVALID_REQUEST', /GroupId can't be empty/],
    ['no member id', '', 0, {}, 'INVALID_REQUEST', /MemberId can't be empty/],
    [
      'no rebalance timeout at joining',
      'm',
      0,
      { rebalanceTimeoutMs: -1 },
      'INVALID_REQUEST',
      /RebalanceTimeoutMs must be provided in first request/,
    ],
    [
      'no partitions at joining',
      'm',
      0,
      { topicPartitions: null },
      'INVALID_REQUEST',
      /TopicPartitions must be empty when \(re-\)joining/,
    ],
    [
      'partitions at joining',
      'm',
      0,
      { topicPartitions: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [0] }] },
      'INVALID_REQUEST',
      /TopicPartitions must be empty when \(re-\)joining/,
    ],
    [
      'no subscription',
      'm',
      0,
      { subscribedTopicNames: null },
      'INVALID_REQUEST',
      /Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when \(re-\)joining|SubscribedTopicNames must be set/,
    ],
    [
      'an unknown assignor',
      'm',
      0,
      { serverAssignor: 'fair' },
      'UNSUPPORTED_ASSIGNOR',
      /ServerAssignor fair is not supported/,
    ],
    [
      'a wrong pattern',
      'm',
      0,
      { subscribedTopicNames: [], subscribedTopicRegex: '(' },
      'INVALID_REGULAR_EXPRESSION',
      /SubscribedTopicRegex `\(` is not a valid regular expression/,
    ],
    ['an empty instance id', 'm', 0, { instanceId: '' }, 'INVALID_REQUEST', /InstanceId can't be empty/],
    ['an unknown member', 'nobody', 5, {}, 'UNKNOWN_MEMBER_ID', /Member nobody is not a member of group/],
    ['an epoch below -2', 'm', -3, {}, 'INVALID_REQUEST', /MemberEpoch is invalid/],
  ]
  it.each(refused)('refuses %s', async (_, memberId, memberEpoch, more, expected, message) => {
    await beat(newId(), 0, joining())
    const answer = await beat(memberId, memberEpoch, joining(more))
    expect(code(answer.errorCode)).toBe(expected)
    expect(answer.errorMessage).toMatch(message)
  })

  it('does not exist for a member that says it is in it', async () => {
    const answer = await beat('m', 5)
    expect(code(answer.errorCode)).toBe('GROUP_ID_NOT_FOUND')
  })

  it('fences a member with another epoch than its own', async () => {
    const member = await new Member(newId()).own()
    expect(code((await beat(member.id, member.epoch + 5)).errorCode)).toBe('FENCED_MEMBER_EPOCH')
    expect(code((await beat(member.id, member.epoch, owned(member.partitions))).errorCode)).toBe('NONE')
    const again = await beat(member.id, 0, joining())
    expect(code(again.errorCode)).toBe('NONE')
    expect(partitionsOf(again)).toEqual([0, 1, 2, 3])
  })

  it('keeps the place of a static member', async () => {
    const instanceId = 'i-1'
    const first = await new Member(newId()).own({ instanceId })
    const second = newId()
    expect(code((await beat(second, 0, joining({ instanceId }))).errorCode)).toBe('UNRELEASED_INSTANCE_ID')
    expect(await beat(first.id, -2, { instanceId })).toMatchObject({ errorCode: 0, memberEpoch: -2 })
    const back = await beat(second, 0, joining({ instanceId }))
    expect(back).toMatchObject({ errorCode: 0, memberId: second, memberEpoch: first.epoch })
    expect(partitionsOf(back)).toEqual([0, 1, 2, 3])
    expect(code((await beat(first.id, first.epoch, { instanceId })).errorCode)).toBe('FENCED_INSTANCE_ID')
  })

  it('gives a member id to who brings none with version 0', async () => {
    const answer = await beat('', 0, joining(), 0)
    expect(answer.errorCode).toBe(0)
    expect(answer.memberId).toHaveLength(22)
  })

  it('takes commits of its members with their epoch only', async () => {
    const id = newId()
    const { memberEpoch } = await beat(id, 0, joining())
    const commit = async (memberId: string, generationIdOrMemberEpoch: number): Promise<string> => {
      const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }]
      const topics = [{ name: topic.name, partitions }]
      const request = { groupId: group, memberId, generationIdOrMemberEpoch, topics }
      const answer = await broker.raw(offsetCommitApi, 9, request)
      return code(only(only(answer.topics).partitions).errorCode)
    }
    expect(await commit(id, memberEpoch)).toBe('NONE')
    expect(await commit(id, memberEpoch + 1)).toBe('STALE_MEMBER_EPOCH')
    expect(await commit('nobody', memberEpoch)).toBe('UNKNOWN_MEMBER_ID')
    expect(await commit('', -1)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('is described and listed', async () => {
    const { id, epoch: memberEpoch } = await new Member(newId()).own()
    const assigned = [{ topicId: topic.id, topicName: topic.name, partitions: [0, 1, 2, 3] }]
    const ask = { groupIds: [group, 'no-such-group'], includeAuthorizedOperations: false }
    const answered = (await broker.raw(consumerGroupDescribeApi, 1, ask)).groups
    const [described, missing] = ask.groupIds.map((id) => answered.find((one) => one.groupId === id))
    expect(described).toMatchObject({
      errorCode: 0,
      groupState: 'Stable',
      groupEpoch: memberEpoch,
      assignmentEpoch: memberEpoch,
      assignorName: 'uniform',
    })
    expect(only(described?.members)).toMatchObject({
      memberId: id,
      instanceId: null,
      memberEpoch,
      clientId: 'contract',
      clientHost: '/127.0.0.1',
      subscribedTopicNames: [topic.name],
      assignment: { topicPartitions: assigned },
      targetAssignment: { topicPartitions: assigned },
      memberType: 1,
    })
    expect(code(missing?.errorCode)).toBe('GROUP_ID_NOT_FOUND')
    expect(missing?.errorMessage).toBe('Group no-such-group not found.')
    const { groups } = await broker.raw(listGroupsApi, 5, { statesFilter: [], typesFilter: ['consumer'] })
    expect(groups.find(({ groupId }) => groupId === group)).toEqual({
      groupId: group,
      protocolType: 'consumer',
      groupState: 'Stable',
      groupType: 'consumer',
    })
  })

  it('cannot be had under the name of a classic group with members of another protocol type', async () => {
    await stableMember(broker, group, { protocolType: 'connect' })
    expect(code((await beat(newId(), 0, joining())).errorCode)).toBe('GROUP_ID_NOT_FOUND')
  })
})
