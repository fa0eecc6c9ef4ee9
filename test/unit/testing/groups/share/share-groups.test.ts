// Guards against a share group whose members read what nobody stored a state for, or who are forgotten too late.
import { shareGroupDescribeApi } from '../../../../../src/wire/generated/client/share-group-describe'
import { assignSimply } from '../../../../../src/testing/groups/share/simple-assignor'
import { codeName } from '../../support/group-fixture'
import { ShareDriver } from './share-driver'

describe('a share group', () => {
  let group: ShareDriver

  beforeEach(() => {
    group = new ShareDriver()
  })

  afterEach(() => group.cluster.close())

  async function describeGroup() {
    const request = { groupIds: ['g'], includeAuthorizedOperations: false }
    return (await group.cluster.ask(shareGroupDescribeApi, 1, request)).groups[0]
  }

  test('assigns a topic by the heartbeat after the one that asked for it', async () => {
    const { id } = group.cluster.createTopic('t', 2)
    const first = await group.heartbeat({ subscribedTopicNames: ['t'] })
    expect(first).toMatchObject({ memberId: 'm', memberEpoch: 2, heartbeatIntervalMs: 5000 })
    expect(first.assignment).toEqual({ topicPartitions: [] })
    await group.cluster.clock.advance(1)
    const second = await group.heartbeat({ memberEpoch: 2 })
    expect(second.memberEpoch).toBe(3)
    expect(second.assignment).toEqual({ topicPartitions: [{ topicId: id, partitions: [0, 1] }] })
    expect((await group.heartbeat({ memberEpoch: 3 })).assignment).toBeNull()
    expect(await describeGroup()).toMatchObject({
      groupState: 'Stable',
      assignorName: 'simple',
      members: [{ memberId: 'm', clientHost: '/127.0.0.1', subscribedTopicNames: ['t'] }],
    })
  })

  test('shares partitions out among its members, and all of them when there are fewer than members', async () => {
    const member = (memberId: string, has: readonly number[] = []) => ({
      memberId,
      topicIds: new Set(['t']),
      target: new Map(has.length === 0 ? [] : [['t', new Set(has)]]),
    })
    const of = (partitions: number, ...members: ReturnType<typeof member>[]) =>
      [...assignSimply(members, new Map([['t', partitions]])).values()].map((target) =>
        [...(target.get('t') ?? [])].sort(),
      )
    expect(of(2, member('a', [0, 1]), member('b'))).toEqual([[0], [1]])
    expect(of(1, member('a'), member('b'), member('c'))).toEqual([[0], [0], [0]])
    expect(of(2, member('a'), member('b'), member('c'))).toEqual([[0, 1], [0], [1]])
    expect(of(3, member('a'), member('b')).map(({ length }) => length)).toEqual([2, 1])
  })

  test('forgives the epoch before, and fences others', async () => {
    await group.begin()
    await group.heartbeat({ memberEpoch: 2 })
    expect((await group.heartbeat({ memberEpoch: 2 })).errorCode).toBe(0)
    const ahead = await group.heartbeat({ memberEpoch: 9 })
    expect(codeName(ahead.errorCode)).toBe('FENCED_MEMBER_EPOCH')
    expect(ahead.errorMessage).toContain('The share group member has a greater member epoch (9)')
    const behind = await group.heartbeat({ memberEpoch: 1 })
    expect(behind.errorMessage).toContain('does not match the previous member epoch (2)')
  })

  test.each([
    [{ memberId: '', subscribedTopicNames: ['t'] }, 'INVALID_REQUEST', null],
    [{ groupId: ' ', subscribedTopicNames: ['t'] }, 'INVALID_REQUEST', "GroupId can't be empty."],
    [{}, 'INVALID_REQUEST', 'SubscribedTopicNames must be set in first request.'],
    [{ memberEpoch: -2 }, 'INVALID_REQUEST', 'MemberEpoch is invalid.'],
    [{ memberEpoch: 3 }, 'GROUP_ID_NOT_FOUND', 'Share group g not found.'],
    [{ memberEpoch: -1 }, 'GROUP_ID_NOT_FOUND', 'Group g not found.'],
  ])('answers %j with %s', async (request, code, message) => {
    const response = await group.heartbeat(request)
    expect([codeName(response.errorCode), response.errorMessage]).toEqual([code, message])
  })

  test('drops members that leave or are silent', async () => {
    await group.begin()
    expect(await group.heartbeat({ memberEpoch: -1 })).toMatchObject({ errorCode: 0, memberEpoch: -1 })
    expect((await describeGroup())?.groupState).toBe('Empty')
    await group.heartbeat({ subscribedTopicNames: ['t'] })
    await group.cluster.clock.advance(45_000)
    expect((await describeGroup())?.groupState).toBe('Empty')
  })

  test('refuses commits, members without room, and callers without rights', async () => {
    const small = new ShareDriver({ 'group.share.max.size': '1' })
    await small.begin()
    const full = await small.heartbeat({ memberId: 'n', subscribedTopicNames: ['t'] })
    expect([codeName(full.errorCode), full.errorMessage]).toEqual([
      'GROUP_MAX_SIZE_REACHED',
      'The share group has reached its maximum capacity of 1 members.',
    ])
    const by = {
      memberId: 'm',
      groupInstanceId: null,
      generationOrEpoch: 2,
      isTransactional: false,
      apiVersion: 9,
    }
    expect(() => small.cluster.services.groups.get('g')?.validateCommit(by)).toThrow(/GROUP_ID_NOT_FOUND/)
    small.cluster.close()
    group.cluster.forbidden.add('Describe Topic t')
    expect(codeName((await group.heartbeat({ subscribedTopicNames: ['t'] })).errorCode)).toBe(
      'TOPIC_AUTHORIZATION_FAILED',
    )
    group.cluster.forbidden.add('Read Group g')
    expect(codeName((await group.heartbeat({ subscribedTopicNames: ['t'] })).errorCode)).toBe(
      'GROUP_AUTHORIZATION_FAILED',
    )
  })
})
