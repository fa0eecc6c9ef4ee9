// Guards against a rolling upgrade in which members of the two protocols read a partition twice or never.
import { ErrorCode } from '../../../../../src/base/error-codes'
import { heartbeatApi } from '../../../../../src/wire/generated/client/heartbeat'
import { type JoinGroupRequest, joinGroupApi } from '../../../../../src/wire/generated/client/join-group'
import { leaveGroupApi } from '../../../../../src/wire/generated/client/leave-group'
import { syncGroupApi } from '../../../../../src/wire/generated/client/sync-group'
import { consumerProtocolAssignmentCodec } from '../../../../../src/wire/generated/data/consumer-protocol-assignment'
import { consumerProtocolSubscriptionCodec } from '../../../../../src/wire/generated/data/consumer-protocol-subscription'
import { Reader } from '../../../../../src/wire/primitives/reader'
import { Writer } from '../../../../../src/wire/primitives/writer'
import { codeName } from '../../support/group-fixture'
import { GroupDriver, given } from './group-driver'

type Owned = readonly { readonly topic: string; readonly partitions: readonly number[] }[]

const owning = (...partitions: number[]): Owned =>
  partitions.length === 0 ? [] : [{ topic: 't', partitions }]

function metadata(ownedPartitions: Owned = []): Buffer {
  const writer = new Writer()
  writer.writeInt16(1)
  consumerProtocolSubscriptionCodec.encode(writer, { topics: ['t'], userData: null, ownedPartitions }, 1)
  return writer.toBuffer()
}

function assignment(userData: Buffer | null, ...partitions: number[]): Buffer {
  const writer = new Writer()
  writer.writeInt16(1)
  consumerProtocolAssignmentCodec.encode(writer, { assignedPartitions: owning(...partitions), userData }, 1)
  return writer.toBuffer()
}

/** Members of both protocols in one group. */
class MixedGroup extends GroupDriver {
  readonly topicId: string

  constructor(policy = 'bidirectional') {
    super({
      'group.consumer.assignment.interval.ms': '0',
      'group.consumer.migration.policy': policy,
      'group.initial.rebalance.delay.ms': '0',
    })
    this.topicId = this.cluster.createTopic('t', 4).id
  }

  joinClassic(memberId: string, owned: Owned = [], more: Partial<JoinGroupRequest> = {}) {
    return this.cluster.ask(joinGroupApi, 9, {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: metadata(owned) }],
      ...more,
    })
  }

  async sync(
    memberId: string,
    generationId: number,
    assignments: { memberId: string; assignment: Buffer }[] = [],
  ) {
    const request = {
      groupId: 'g',
      memberId,
      generationId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments,
    }
    const response = await this.cluster.ask(syncGroupApi, 5, request)
    if (response.errorCode !== 0) return codeName(response.errorCode)
    const { assignedPartitions } = consumerProtocolAssignmentCodec.decode(
      new Reader(response.assignment, 2),
      1,
    )
    return assignedPartitions.flatMap(({ partitions }) => partitions)
  }

  async beat(memberId: string, generationId: number): Promise<string> {
    const request = { groupId: 'g', memberId, generationId }
    return codeName((await this.cluster.ask(heartbeatApi, 4, request)).errorCode)
  }

  /** A classic member that has all four partitions, in generation 1. */
  async beginClassic(userData: Buffer | null = null): Promise<string> {
    const { memberId } = await this.joinClassic('')
    const joining = this.joinClassic(memberId)
    await this.cluster.clock.advance(1)
    expect(await joining).toMatchObject({ errorCode: 0, generationId: 1, leader: memberId })
    await this.sync(memberId, 1, [{ memberId, assignment: assignment(userData, 0, 1, 2, 3) }])
    return memberId
  }

  get kind(): string | undefined {
    return this.cluster.services.groups.get('g')?.kind
  }
}

describe('a group whose members move from the classic protocol to KIP-848', () => {
  let group: MixedGroup

  afterEach(() => group.cluster.close())

  test('becomes a consumer group with the first of them, and nobody has a partition twice', async () => {
    group = new MixedGroup()
    const old = await group.beginClassic()
    const first = await group.join('new', ['t'])
    expect(first).toMatchObject({ errorCode: 0, memberEpoch: 2 })
    expect(given(first)).toEqual([])
    expect(group.kind).toBe('consumer')
    expect(
      (await group.describe()).members.map(({ memberId, memberType }) => [memberId, memberType]),
    ).toEqual([
      [old, 0],
      ['new', 1],
    ])

    expect(await group.beat(old, 1)).toBe('REBALANCE_IN_PROGRESS')
    expect(await group.joinClassic(old, owning(0, 1, 2, 3))).toMatchObject({
      errorCode: 0,
      generationId: 1,
      protocolName: 'range',
      members: [],
    })
    expect(await group.sync(old, 1)).toEqual([0, 1])
    expect(given(await group.heartbeat({ memberId: 'new', memberEpoch: 2 }))).toBeUndefined()

    expect(await group.beat(old, 1)).toBe('REBALANCE_IN_PROGRESS')
    expect(await group.joinClassic(old, owning(0, 1))).toMatchObject({ errorCode: 0, generationId: 2 })
    expect(await group.sync(old, 2)).toEqual([0, 1])
    expect(await group.beat(old, 2)).toBe('NONE')
    expect(given(await group.heartbeat({ memberId: 'new', memberEpoch: 2 }))).toEqual([2, 3])
  })

  test('becomes a classic group again when the last KIP-848 member leaves', async () => {
    group = new MixedGroup()
    const old = await group.beginClassic()
    await group.join('new', ['t'])
    await group.joinClassic(old, owning(0, 1, 2, 3))
    await group.sync(old, 1)
    await group.joinClassic(old, owning(0, 1))
    expect(await group.heartbeat({ memberId: 'new', memberEpoch: -1 })).toMatchObject({ errorCode: 0 })
    expect(group.kind).toBe('classic')
    expect(await group.beat(old, 2)).toBe('REBALANCE_IN_PROGRESS')
    const joining = group.joinClassic(old, owning(0, 1))
    await group.cluster.clock.advance(1)
    expect(await joining).toMatchObject({ errorCode: 0, generationId: 3, leader: old })
  })

  test('takes new classic members in, with an id first', async () => {
    group = new MixedGroup()
    await group.join('new', ['t'])
    const first = await group.joinClassic('')
    expect(codeName(first.errorCode)).toBe('MEMBER_ID_REQUIRED')
    const joined = await group.joinClassic(first.memberId)
    expect(joined).toMatchObject({ errorCode: 0, generationId: 3 })
    expect(await group.sync(first.memberId, 3)).toEqual([])
    expect(await group.beat(first.memberId, 3)).toBe('NONE')
    const owned = [{ topicId: group.topicId, partitions: [0, 1, 2, 3] }]
    await group.heartbeat({ memberId: 'new', memberEpoch: 2, topicPartitions: owned })
    await group.heartbeat({
      memberId: 'new',
      memberEpoch: 2,
      topicPartitions: [{ topicId: group.topicId, partitions: [0, 1] }],
    })
    expect(await group.beat(first.memberId, 3)).toBe('REBALANCE_IN_PROGRESS')
    await group.joinClassic(first.memberId)
    expect(await group.sync(first.memberId, 3)).toEqual([2, 3])
  })

  test('drops classic members that do not sync, do not join again, or are silent', async () => {
    for (const silence of ['session', 'sync', 'join']) {
      group = new MixedGroup()
      await group.join('new', ['t'])
      const { memberId } = await group.joinClassic('')
      await group.joinClassic(memberId, [], { rebalanceTimeoutMs: 15_000 })
      if (silence !== 'sync') await group.sync(memberId, 3)
      if (silence === 'join') group.cluster.services.topics.addPartitions('t', 5)
      for (let waited = 0; waited < 20_000; waited += 5_000) {
        await group.heartbeat({ memberId: 'new', memberEpoch: 2 })
        if (silence !== 'session') await group.beat(memberId, 3)
        await group.cluster.clock.advance(5_000)
      }
      expect((await group.describe()).members.map((member) => member.memberId)).toEqual(['new'])
      if (silence !== 'join') group.cluster.close()
    }
  })

  test('lets classic members leave, and refuses those of KIP-848 that speak the classic protocol', async () => {
    group = new MixedGroup()
    await group.join('new', ['t'])
    const { memberId } = await group.joinClassic('')
    await group.joinClassic(memberId)
    expect(await group.beat('new', 2)).toBe('UNKNOWN_MEMBER_ID')
    expect(await group.beat(memberId, 1)).toBe('ILLEGAL_GENERATION')
    expect(await group.sync(memberId, 2)).toBe('ILLEGAL_GENERATION')
    const members = [
      { memberId, groupInstanceId: null },
      { memberId: 'x', groupInstanceId: null },
    ]
    const left = await group.cluster.ask(leaveGroupApi, 5, { groupId: 'g', members })
    expect(left.members.map(({ errorCode }) => codeName(errorCode))).toEqual(['NONE', 'UNKNOWN_MEMBER_ID'])
    expect((await group.describe()).members).toHaveLength(1)
  })

  test('goes on with a static member that comes back with the other protocol', async () => {
    group = new MixedGroup()
    await group.join('other', ['t'])
    const classic = await group.joinClassic('', [], { groupInstanceId: 'i' })
    expect(classic).toMatchObject({ errorCode: 0, generationId: 3 })
    const back = await group.join('new', ['t'], { instanceId: 'i' })
    expect(back).toMatchObject({ errorCode: 0, memberEpoch: 3 })
    expect((await group.describe()).members.map((member) => member.memberId)).toEqual(['other', 'new'])
    await group.heartbeat({ memberId: 'other', memberEpoch: -1 })
    const again = await group.joinClassic('', [], { groupInstanceId: 'i' })
    expect(again.errorCode).toBe(ErrorCode.NONE)
    expect(group.kind).toBe('classic')
  })

  test.each([
    ['disabled', null, 'online upgrade is disabled'],
    ['downgrade', null, 'online upgrade is disabled'],
    ['bidirectional', Buffer.from('x'), 'an unsupported custom assignor is in use'],
  ])('stays as it is with policy %s and user data %p', async (policy, userData, why) => {
    group = new MixedGroup(policy)
    await group.beginClassic(userData)
    const refused = await group.join('new', ['t'])
    expect(codeName(refused.errorCode)).toBe('GROUP_ID_NOT_FOUND')
    expect(refused.errorMessage).toContain(`Cannot upgrade classic group g to consumer group because ${why}`)
    expect(group.kind).toBe('classic')
  })

  test('takes no classic members in with policy disabled, or when they agree on nothing', async () => {
    group = new MixedGroup('disabled')
    await group.join('new', ['t'])
    expect(codeName((await group.joinClassic('')).errorCode)).toBe('INCONSISTENT_GROUP_PROTOCOL')
    group.cluster.close()
    group = new MixedGroup()
    await group.join('new', ['t'])
    const { memberId } = await group.joinClassic('')
    await group.joinClassic(memberId)
    const other = await group.joinClassic('', [], { protocols: [{ name: 'sticky', metadata: metadata() }] })
    expect(codeName(other.errorCode)).toBe('INCONSISTENT_GROUP_PROTOCOL')
  })

  test('gives way without members, in both directions', async () => {
    group = new MixedGroup()
    await group.join('new', ['t'])
    await group.heartbeat({ memberId: 'new', memberEpoch: -1 })
    const old = await group.beginClassic()
    expect(group.kind).toBe('classic')
    await group.cluster.ask(leaveGroupApi, 5, {
      groupId: 'g',
      members: [{ memberId: old, groupInstanceId: null }],
    })
    expect(await group.join('new', ['t'])).toMatchObject({ errorCode: 0, memberEpoch: 2 })
    expect(group.kind).toBe('consumer')
  })
})
