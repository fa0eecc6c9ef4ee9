// Guards against group calls to the wrong coordinator, groups that vanish from a listing, and partition errors that are lost.
import { Admin } from '../../../src/admin/admin'
import { ErrorCode } from '../../../src/base/error-codes'
import { BrokerError, ConnectionError } from '../../../src/base/errors'
import { consumerGroupDescribeApi } from '../../../src/wire/generated/client/consumer-group-describe'
import { deleteGroupsApi } from '../../../src/wire/generated/client/delete-groups'
import {
  describeGroupsApi,
  type DescribeGroupsResponse,
} from '../../../src/wire/generated/client/describe-groups'
import { listGroupsApi } from '../../../src/wire/generated/client/list-groups'
import { offsetCommitApi } from '../../../src/wire/generated/client/offset-commit'
import { offsetFetchApi } from '../../../src/wire/generated/client/offset-fetch'
import { consumerProtocolAssignmentCodec } from '../../../src/wire/generated/data/consumer-protocol-assignment'
import { consumerProtocolSubscriptionCodec } from '../../../src/wire/generated/data/consumer-protocol-subscription'
import { zeroUuid } from '../../../src/wire/primitives/uuid'
import { Writer } from '../../../src/wire/primitives/writer'
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

describe('describeGroups', () => {
  const classic = (
    groupId: string,
    more: Partial<DescribeGroupsResponse['groups'][number]> = {},
  ): DescribeGroupsResponse['groups'][number] => ({
    errorCode: 0,
    errorMessage: null,
    groupId,
    groupState: 'Stable',
    protocolType: 'consumer',
    protocolData: 'range',
    members: [],
    authorizedOperations: -2147483648,
    ...more,
  })

  const notFound = (groupId: string, errorCode: number = ErrorCode.GROUP_ID_NOT_FOUND) => ({
    errorCode,
    errorMessage: null,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
    authorizedOperations: -2147483648,
  })

  function versioned(version: number, write: (writer: Writer) => void): Buffer {
    const writer = new Writer()
    writer.writeInt16(version)
    write(writer)
    return writer.toBuffer()
  }

  it('describes groups of both protocols, each from its coordinator', async () => {
    const { cluster, admin } = setUp()
    const partitions = { topicPartitions: [{ topicId: zeroUuid, topicName: 'orders', partitions: [1, 0] }] }
    cluster.on(consumerGroupDescribeApi, ({ request }) => ({
      throttleTimeMs: 0,
      groups: request.groupIds.map((groupId) =>
        groupId !== 'new'
          ? notFound(groupId)
          : {
              ...notFound('new', 0),
              groupState: 'Reconciling',
              groupEpoch: 7,
              assignmentEpoch: 6,
              assignorName: 'uniform',
              members: [
                {
                  memberId: 'm',
                  instanceId: null,
                  rackId: 'r1',
                  memberEpoch: 6,
                  clientId: 'c',
                  clientHost: '/127.0.0.1',
                  subscribedTopicNames: ['orders'],
                  subscribedTopicRegex: '',
                  assignment: partitions,
                  targetAssignment: { topicPartitions: [] },
                  memberType: 1,
                },
              ],
            },
      ),
    }))
    cluster.on(describeGroupsApi, ({ request, nodeId }) => ({
      throttleTimeMs: 0,
      groups: request.groups.map((groupId) => classic(groupId, { protocolData: `from ${nodeId}` })),
    }))
    const [old, fresh] = await admin.describeGroups(['b-old', 'new'])
    expect(old).toMatchObject({
      groupId: 'b-old',
      type: 'classic',
      assignor: 'from 2',
      coordinator: 2,
      groupEpoch: null,
    })
    expect(fresh).toEqual({
      groupId: 'new',
      type: 'consumer',
      state: 'Reconciling',
      protocolType: 'consumer',
      assignor: 'uniform',
      groupEpoch: 7,
      assignmentEpoch: 6,
      coordinator: 1,
      authorizedOperations: null,
      members: [
        {
          memberId: 'm',
          groupInstanceId: null,
          clientId: 'c',
          clientHost: '/127.0.0.1',
          rackId: 'r1',
          memberEpoch: 6,
          subscribedTopics: ['orders'],
          subscribedTopicRegex: null,
          assignment: [
            { topic: 'orders', partition: 0 },
            { topic: 'orders', partition: 1 },
          ],
          targetAssignment: [],
          memberMetadata: null,
          memberAssignment: null,
        },
      ],
    })
  })

  it('reads what members of the classic protocol wrote, and survives what it can not read', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('ConsumerGroupDescribe', -1)
    const member = (memberId: string, memberMetadata: Buffer, memberAssignment: Buffer) => ({
      memberId,
      groupInstanceId: null,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      memberMetadata,
      memberAssignment,
    })
    const subscription = versioned(9, (writer) => {
      consumerProtocolSubscriptionCodec.encode(writer, { topics: ['orders'] }, 3)
      writer.writeInt32(42)
    })
    const assignment = versioned(0, (writer) =>
      consumerProtocolAssignmentCodec.encode(
        writer,
        { assignedPartitions: [{ topic: 'orders', partitions: [3] }] },
        0,
      ),
    )
    cluster.on(describeGroupsApi, () => ({
      throttleTimeMs: 0,
      groups: [
        classic('a', {
          members: [
            member('good', subscription, assignment),
            member('empty', Buffer.alloc(0), Buffer.alloc(0)),
            member('bad', Buffer.from([0, 1, 9]), Buffer.from([0, 0, 0, 0, 0, 9])),
          ],
        }),
      ],
    }))
    const [described] = await admin.describeGroups(['a'])
    expect(described?.members.map(({ subscribedTopics, assignment: of }) => [subscribedTopics, of])).toEqual([
      [['orders'], [{ topic: 'orders', partition: 3 }]],
      [[], []],
      [null, null],
    ])
    expect(described?.members[0]).toMatchObject({
      memberMetadata: subscription,
      memberAssignment: assignment,
    })
  })

  it('says GROUP_ID_NOT_FOUND of a group that does not exist, whatever the broker calls it', async () => {
    const { cluster, admin } = setUp()
    cluster.on(consumerGroupDescribeApi, ({ request }) => ({
      throttleTimeMs: 0,
      groups: request.groupIds.map((groupId) => notFound(groupId, ErrorCode.UNSUPPORTED_VERSION)),
    }))
    cluster.on(describeGroupsApi, () => ({
      throttleTimeMs: 0,
      groups: [classic('a'), classic('gone', { groupState: 'Dead', protocolType: '' })],
    }))
    const [a, gone] = await admin.describeGroups(['a', 'gone'], { partial: true })
    expect(a?.error).toBeNull()
    expect(gone?.error?.code).toBe('GROUP_ID_NOT_FOUND')
  })

  it('fails only the group whose coordinator can not be found', async () => {
    const { cluster, admin } = setUp()
    const error = new BrokerError(ErrorCode.GROUP_AUTHORIZATION_FAILED, 'No')
    cluster.coordinatorOf = (groupId) => (groupId === 'secret' ? error : 1)
    cluster.maxVersions.set('ConsumerGroupDescribe', -1)
    cluster.on(describeGroupsApi, ({ request }) => ({
      throttleTimeMs: 0,
      groups: request.groups.map((groupId) => classic(groupId)),
    }))
    const results = await admin.describeGroups(['secret', 'a'], { partial: true })
    expect(results.map((result) => result.error)).toEqual([error, null])
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
