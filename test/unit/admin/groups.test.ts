// Guards against group calls to the wrong coordinator, groups that vanish from a listing, and partition errors that are lost.
import { Admin } from '../../../src/admin/admin'
import { ErrorCode } from '../../../src/base/error-codes'
import { ConnectionError } from '../../../src/base/errors'
import { deleteGroupsApi } from '../../../src/wire/generated/client/delete-groups'
import { listGroupsApi } from '../../../src/wire/generated/client/list-groups'
import { offsetCommitApi } from '../../../src/wire/generated/client/offset-commit'
import { offsetFetchApi } from '../../../src/wire/generated/client/offset-fetch'
import { zeroUuid } from '../../../src/wire/primitives/uuid'
import { FakeCluster } from './fake-cluster'

function setUp() {
  const cluster = new FakeCluster()
  cluster.coordinatorOf = (groupId) => (groupId.startsWith('b') ? 2 : 1)
  return { cluster, admin: new Admin(cluster) }
}

describe('listGroups', () => {
  const group = (groupId: string, protocolType = 'consumer') => ({
    groupId,
    protocolType,
    groupState: 'Stable',
    groupType: 'Classic',
  })

  it('asks every broker and merges what they tell, each group once', async () => {
    const { cluster, admin } = setUp()
    cluster.on(listGroupsApi, ({ nodeId }) => ({
      throttleTimeMs: 0,
      errorCode: 0,
      groups: [group(`of-${nodeId}`), group('moved'), group('sink', 'connect')],
    }))
    const groups = await admin.listGroups({ protocolTypes: ['consumer'] })
    expect(groups.map(({ groupId }) => groupId)).toEqual(['moved', 'of-1', 'of-2', 'of-3'])
    expect(groups[0]).toEqual({
      groupId: 'moved',
      protocolType: 'consumer',
      state: 'Stable',
      type: 'classic',
    })
  })

  it('rejects when a broker can not tell, unless asked for partial results', async () => {
    const { cluster, admin } = setUp()
    cluster.on(listGroupsApi, ({ nodeId }) => ({
      throttleTimeMs: 0,
      errorCode: nodeId === 2 ? ErrorCode.CLUSTER_AUTHORIZATION_FAILED : 0,
      groups: [group(`of-${nodeId}`)],
    }))
    await expect(admin.listGroups()).rejects.toThrow('listGroups failed for 1 of 3: broker 2')
    const results = await admin.listGroups({ partial: true })
    expect(results).toMatchObject([
      { nodeId: 1, error: null, groups: [{ groupId: 'of-1' }] },
      { nodeId: 2, error: { code: 'CLUSTER_AUTHORIZATION_FAILED' } },
      { nodeId: 3, error: null },
    ])
  })

  it('asks all again when a broker left the cluster before it answered, for its groups have moved', async () => {
    const { cluster, admin } = setUp()
    let left = false
    cluster.on(listGroupsApi, ({ nodeId }) => {
      if (nodeId === 3) {
        left = true
        cluster.nodeIds = [1, 2]
        throw new ConnectionError('CONNECTION_LOST', 'Gone')
      }
      return {
        throttleTimeMs: 0,
        errorCode: 0,
        groups: left && nodeId === 1 ? [group('of-1'), group('of-3')] : [group(`of-${nodeId}`)],
      }
    })
    const running = admin.listGroups()
    await cluster.clock.advance(5000)
    expect((await running).map(({ groupId }) => groupId)).toEqual(['of-1', 'of-2', 'of-3'])
  })

  it('sends filters only to brokers that know them, and says so of those that do not', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('ListGroups', 4)
    cluster.on(listGroupsApi, ({ request, version }) => {
      expect([request.statesFilter, version]).toEqual([['Stable'], 4])
      return { throttleTimeMs: 0, errorCode: 0, groups: [{ ...group('a'), groupType: '' }] }
    })
    cluster.nodeIds = [1]
    expect(await admin.listGroups({ states: ['Stable'] })).toMatchObject([{ groupId: 'a', type: null }])
    await expect(admin.listGroups({ types: ['classic'] })).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
  })
})

describe('deleteGroups', () => {
  it('N14: finds the coordinator again when it moved, for the groups of the old one only', async () => {
    const { cluster, admin } = setUp()
    const coordinators: Record<string, number> = { a: 1, b: 2 }
    cluster.coordinatorOf = (groupId) => coordinators[groupId] as number
    const asked: string[] = []
    cluster.on(deleteGroupsApi, ({ request, nodeId }) => {
      asked.push(`${nodeId}: ${request.groupsNames.join()}`)
      if (nodeId === 2) coordinators['b'] = 3
      return {
        throttleTimeMs: 0,
        results: request.groupsNames.map((groupId) => ({
          groupId,
          errorCode: nodeId === 2 ? ErrorCode.NOT_COORDINATOR : 0,
          errorMessage: null,
        })),
      }
    })
    const running = admin.deleteGroups(['a', 'b'])
    await cluster.clock.advance(1000)
    expect(await running).toEqual([{ groupId: 'a' }, { groupId: 'b' }])
    expect(asked).toEqual(['1: a', '2: b', '3: b'])
    expect(cluster.forgotten).toEqual(['b'])
  })

  it('shows NON_EMPTY_GROUP beside the groups it deleted', async () => {
    const { cluster, admin } = setUp()
    cluster.on(deleteGroupsApi, () => ({
      throttleTimeMs: 0,
      results: [
        { groupId: 'a', errorCode: ErrorCode.NON_EMPTY_GROUP, errorMessage: null },
        { groupId: 'c', errorCode: 0, errorMessage: null },
      ],
    }))
    await expect(admin.deleteGroups(['a', 'c'])).rejects.toMatchObject({
      code: 'NON_EMPTY_GROUP',
      results: [{ groupId: 'a' }, { groupId: 'c', error: null }],
    })
  })
})

describe('listGroupOffsets', () => {
  const partition = (partitionIndex: number, committedOffset: bigint, errorCode = 0) => ({
    partitionIndex,
    committedOffset,
    committedLeaderEpoch: -1,
    metadata: null,
    errorCode,
  })
  const answer = { throttleTimeMs: 0, topics: [], errorCode: 0, groups: [] }

  it('asks one coordinator for all its groups at once, and sorts what it tells', async () => {
    const { cluster, admin } = setUp()
    let seen: unknown
    cluster.on(offsetFetchApi, ({ request, version }) => {
      expect(version).toBe(9)
      seen = request.groups
      return {
        ...answer,
        groups: (request.groups ?? []).map(({ groupId }) => ({
          groupId,
          errorCode: 0,
          topics: [
            { name: 'z', topicId: zeroUuid, partitions: [partition(1, -1n), partition(0, 5n)] },
            { name: 'a', topicId: zeroUuid, partitions: [partition(0, 9_007_199_254_740_993n)] },
          ],
        })),
      }
    })
    const [all, some] = await admin.listGroupOffsets([
      { groupId: 'all' },
      { groupId: 'some', partitions: [{ topic: 'z', partition: 0 }] },
    ])
    expect(seen).toEqual([
      { groupId: 'all', topics: null },
      { groupId: 'some', topics: [{ name: 'z', partitionIndexes: [0] }] },
    ])
    const nothing = { leaderEpoch: null, metadata: '' }
    expect(all?.offsets).toEqual([
      { topic: 'a', partition: 0, offset: 9_007_199_254_740_993n, ...nothing },
      { topic: 'z', partition: 0, offset: 5n, ...nothing },
      { topic: 'z', partition: 1, offset: null, ...nothing },
    ])
    expect(some?.groupId).toBe('some')
  })

  it('asks old brokers group by group', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('OffsetFetch', 7)
    cluster.on(offsetFetchApi, ({ request }) => ({
      ...answer,
      topics: [{ name: request.groupId ?? '', partitions: [partition(0, 1n)] }],
    }))
    const offsets = await admin.listGroupOffsets([{ groupId: 'a' }, { groupId: 'c' }], {
      requireStable: true,
    })
    expect(offsets.map((each) => each.offsets[0]?.topic)).toEqual(['a', 'c'])
    expect(cluster.sent).toHaveLength(2)
  })

  it('fails a group when one of its partitions fails, and waits while offsets are unstable', async () => {
    const { cluster, admin } = setUp()
    let attempts = 0
    cluster.on(offsetFetchApi, ({ request }) => ({
      ...answer,
      groups: (request.groups ?? []).map(({ groupId }) => {
        const unstable = groupId === 'a' && attempts++ < 2 ? ErrorCode.UNSTABLE_OFFSET_COMMIT : 0
        const errorCode = groupId === 'c' ? ErrorCode.TOPIC_AUTHORIZATION_FAILED : unstable
        return {
          groupId,
          errorCode: 0,
          topics: [{ name: 'x', topicId: zeroUuid, partitions: [partition(0, 1n, errorCode)] }],
        }
      }),
    }))
    const running = admin.listGroupOffsets([{ groupId: 'a' }, { groupId: 'c' }], { partial: true })
    await cluster.clock.advance(2000)
    const [a, c] = await running
    expect(a).toMatchObject({ error: null, offsets: [{ offset: 1n }] })
    expect(c?.error).toMatchObject({
      code: 'TOPIC_AUTHORIZATION_FAILED',
      context: { topic: 'x', partition: 0 },
    })
    expect(attempts).toBe(3)
  })
})

describe('alterGroupOffsets', () => {
  it('commits each group apart, as no member, and tells each partition how it went', async () => {
    const { cluster, admin } = setUp()
    const asked: unknown[] = []
    cluster.on(offsetCommitApi, ({ request, version, nodeId }) => {
      expect(version).toBe(9)
      asked.push({ nodeId, ...request })
      return {
        throttleTimeMs: 0,
        topics: request.topics.map(({ name, partitions }) => ({
          name: name ?? '',
          topicId: zeroUuid,
          partitions: partitions.map(({ partitionIndex }) => ({
            partitionIndex,
            errorCode:
              request.groupId === 'busy' ? ErrorCode.UNKNOWN_MEMBER_ID : partitionIndex === 9 ? 3 : 0,
          })),
        })),
      }
    })
    const at = (groupId: string, partition: number) => ({ groupId, topic: 'x', partition, offset: 5n })
    const offsets = [at('a', 0), at('busy', 0), at('a', 9), { ...at('b', 0), leaderEpoch: 2, metadata: 'm' }]
    const results = await admin.alterGroupOffsets(offsets, { partial: true })
    expect(results.map(({ groupId, partition, error }) => [groupId, partition, error?.code])).toEqual([
      ['a', 0, undefined],
      ['busy', 0, 'UNKNOWN_MEMBER_ID'],
      ['a', 9, 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['b', 0, undefined],
    ])
    expect(results[1]?.error?.message).toContain('the group has members, stop them first')
    expect(asked).toHaveLength(3)
    expect(asked[0]).toMatchObject({ nodeId: 1, groupId: 'a', memberId: '', generationIdOrMemberEpoch: -1 })
    expect(asked).toContainEqual({
      nodeId: 2,
      groupId: 'b',
      memberId: '',
      generationIdOrMemberEpoch: -1,
      topics: [
        {
          name: 'x',
          partitions: [
            { partitionIndex: 0, committedOffset: 5n, committedLeaderEpoch: 2, committedMetadata: 'm' },
          ],
        },
      ],
    })
  })

  it('refuses offsets that are no bigint, and a partition that stands twice', async () => {
    const { cluster, admin } = setUp()
    const at = { groupId: 'a', topic: 'x', partition: 0 }
    await expect(admin.alterGroupOffsets([{ ...at, offset: 5 as never }])).rejects.toThrow(
      'offsets[0].offset: must be a bigint, such as 5n',
    )
    await expect(
      admin.alterGroupOffsets([
        { ...at, offset: 1n },
        { ...at, offset: 2n },
      ]),
    ).rejects.toThrow("offsets names group 'a' at x-0 more than once")
    expect(cluster.sent).toEqual([])
  })
})
