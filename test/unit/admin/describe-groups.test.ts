// Guards against groups that are described by a protocol that is not theirs, members whose bytes break the description,
// and groups that do not exist but seem to.
import { Admin } from '../../../src/admin/admin'
import { ErrorCode } from '../../../src/base/error-codes'
import { BrokerError } from '../../../src/base/errors'
import { consumerGroupDescribeApi } from '../../../src/wire/generated/client/consumer-group-describe'
import {
  describeGroupsApi,
  type DescribeGroupsResponse,
} from '../../../src/wire/generated/client/describe-groups'
import { shareGroupDescribeApi } from '../../../src/wire/generated/client/share-group-describe'
import { streamsGroupDescribeApi } from '../../../src/wire/generated/client/streams-group-describe'
import { consumerProtocolAssignmentCodec } from '../../../src/wire/generated/data/consumer-protocol-assignment'
import { consumerProtocolSubscriptionCodec } from '../../../src/wire/generated/data/consumer-protocol-subscription'
import { zeroUuid } from '../../../src/wire/primitives/uuid'
import { Writer } from '../../../src/wire/primitives/writer'
import { FakeCluster } from './fake-cluster'

/** Groups whose name begins with b have another coordinator than all others. Streams groups are for tests that say so. */
function setUp() {
  const cluster = new FakeCluster()
  cluster.maxVersions.set('StreamsGroupDescribe', -1)
  cluster.coordinatorOf = (groupId) => (groupId.startsWith('b') ? 2 : 1)
  return { cluster, admin: new Admin(cluster) }
}

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
      topology: null,
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
          isClassic: false,
          subscribedTopics: ['orders'],
          subscribedTopicRegex: null,
          assignment: [
            { topic: 'orders', partition: 0 },
            { topic: 'orders', partition: 1 },
          ],
          targetAssignment: [],
          memberMetadata: null,
          memberAssignment: null,
          streams: null,
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
    cluster.maxVersions.set('ShareGroupDescribe', -1)
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

  it('describes share groups, which it asks for only when no other protocol knows the group', async () => {
    const { cluster, admin } = setUp()
    cluster.on(consumerGroupDescribeApi, ({ request }) => ({
      throttleTimeMs: 0,
      groups: request.groupIds.map((groupId) => notFound(groupId)),
    }))
    cluster.on(describeGroupsApi, ({ request, version }) => ({
      throttleTimeMs: 0,
      groups: request.groups.map((groupId) =>
        groupId === 'old'
          ? classic(groupId)
          : classic(groupId, {
              groupState: 'Dead',
              errorCode: version < 6 ? 0 : ErrorCode.GROUP_ID_NOT_FOUND,
            }),
      ),
    }))
    const asked: unknown[] = []
    cluster.on(shareGroupDescribeApi, ({ request }) => {
      asked.push(request)
      return {
        throttleTimeMs: 0,
        groups: request.groupIds.map((groupId) =>
          groupId !== 'workers'
            ? { ...notFound(groupId), errorMessage: `Group ${groupId} not found.` }
            : {
                ...notFound('workers', 0),
                groupState: 'Stable',
                groupEpoch: 3,
                assignmentEpoch: 2,
                assignorName: 'simple',
                authorizedOperations: 1 << 3,
                members: [
                  {
                    memberId: 'm',
                    rackId: null,
                    memberEpoch: 2,
                    clientId: 'c',
                    clientHost: '/127.0.0.1',
                    subscribedTopicNames: ['orders'],
                    assignment: {
                      topicPartitions: [{ topicId: zeroUuid, topicName: 'orders', partitions: [1, 0] }],
                    },
                  },
                ],
              },
        ),
      }
    })
    const results = await admin.describeGroups(['old', 'workers', 'nobody'], {
      includeAuthorizedOperations: true,
      partial: true,
    })
    expect(asked).toEqual([{ groupIds: ['workers', 'nobody'], includeAuthorizedOperations: true }])
    expect(results[0]).toMatchObject({ type: 'classic', error: null })
    expect(results[1]).toEqual({
      groupId: 'workers',
      error: null,
      type: 'share',
      state: 'Stable',
      protocolType: 'share',
      assignor: 'simple',
      groupEpoch: 3,
      assignmentEpoch: 2,
      topology: null,
      coordinator: 1,
      authorizedOperations: ['read'],
      members: [
        {
          memberId: 'm',
          groupInstanceId: null,
          clientId: 'c',
          clientHost: '/127.0.0.1',
          rackId: null,
          memberEpoch: 2,
          isClassic: false,
          subscribedTopics: ['orders'],
          subscribedTopicRegex: null,
          assignment: [
            { topic: 'orders', partition: 0 },
            { topic: 'orders', partition: 1 },
          ],
          targetAssignment: null,
          memberMetadata: null,
          memberAssignment: null,
          streams: null,
        },
      ],
    })
    expect(results[2]?.error).toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
    expect(results[2]?.error?.message).toContain('Group nobody not found.')
  })

  it('keeps what the classic protocol says where share groups are switched off', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('ConsumerGroupDescribe', -1)
    cluster.on(describeGroupsApi, () => ({
      throttleTimeMs: 0,
      groups: [classic('gone', { groupState: 'Dead', protocolType: '' })],
    }))
    cluster.on(shareGroupDescribeApi, () => ({
      throttleTimeMs: 0,
      groups: [notFound('gone', ErrorCode.UNSUPPORTED_VERSION)],
    }))
    const [gone] = await admin.describeGroups(['gone'], { partial: true })
    expect(gone?.error?.code).toBe('GROUP_ID_NOT_FOUND')
    expect(cluster.sent).toEqual(['DescribeGroups@1', 'ShareGroupDescribe@1'])
  })

  it('shows why a share group may not be described', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('ConsumerGroupDescribe', -1)
    cluster.on(describeGroupsApi, () => ({
      throttleTimeMs: 0,
      groups: [classic('a', { groupState: 'Dead' })],
    }))
    cluster.on(shareGroupDescribeApi, () => ({
      throttleTimeMs: 0,
      groups: [notFound('a', ErrorCode.TOPIC_AUTHORIZATION_FAILED)],
    }))
    await expect(admin.describeGroups(['a'])).rejects.toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED' })
  })

  it('describes streams groups with their topology and the tasks of their members', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('ConsumerGroupDescribe', -1)
    cluster.maxVersions.set('StreamsGroupDescribe', 0)
    const nowhere = ErrorCode.GROUP_ID_NOT_FOUND
    cluster.on(describeGroupsApi, () => ({
      throttleTimeMs: 0,
      groups: ['totals', 'nobody'].map((groupId) => classic(groupId, { errorCode: nowhere })),
    }))
    cluster.on(shareGroupDescribeApi, () => ({
      throttleTimeMs: 0,
      groups: ['totals', 'nobody'].map((groupId) => notFound(groupId)),
    }))
    const internal = (name: string, partitions: number) => ({
      name,
      partitions,
      replicationFactor: 0,
      topicConfigs: [{ key: 'cleanup.policy', value: 'compact' }],
    })
    const tasks = (...partitions: number[]) => [{ subtopologyId: '0', partitions }]
    const none = { activeTasks: [], standbyTasks: [], warmupTasks: [] }
    cluster.on(streamsGroupDescribeApi, ({ version, request }) => {
      expect([version, request.groupIds]).toEqual([0, ['totals', 'nobody']])
      const unknown = { topology: null, topologyDescription: null, topologyDescriptionStatus: 0 }
      return {
        throttleTimeMs: 0,
        groups: [
          { ...notFound('nobody'), ...unknown },
          {
            ...notFound('totals', 0),
            ...unknown,
            assignorName: null,
            groupState: 'NotReady',
            groupEpoch: 2,
            assignmentEpoch: 1,
            topology: {
              epoch: 4,
              subtopologies: [
                {
                  subtopologyId: '0',
                  sourceTopics: ['orders'],
                  repartitionSinkTopics: ['by-customer'],
                  stateChangelogTopics: [internal('totals-changelog', 0)],
                  repartitionSourceTopics: [internal('by-customer', 3)],
                },
              ],
            },
            members: [
              {
                memberId: 'm',
                memberEpoch: 1,
                instanceId: 'host-7',
                rackId: null,
                clientId: 'c',
                clientHost: '/127.0.0.1',
                topologyEpoch: 3,
                processId: 'p',
                userEndpoint: { host: 'host-7', port: 80 },
                clientTags: [{ key: 'zone', value: 'a' }],
                taskOffsets: [{ subtopologyId: '0', partition: 1, offset: 5n }],
                taskEndOffsets: [{ subtopologyId: '0', partition: 1, offset: 9n }],
                assignment: { activeTasks: tasks(0, 1), standbyTasks: tasks(2), warmupTasks: [] },
                targetAssignment: { ...none, warmupTasks: tasks(3) },
                isClassic: false,
              },
            ],
          },
        ],
      }
    })
    const [totals, nobody] = await admin.describeGroups(['totals', 'nobody'], { partial: true })
    const configs = { 'cleanup.policy': 'compact' }
    expect(totals).toMatchObject({
      type: 'streams',
      state: 'NotReady',
      protocolType: 'streams',
      assignor: '',
      topology: {
        epoch: 4,
        subtopologies: [
          {
            subtopologyId: '0',
            sourceTopics: ['orders'],
            repartitionSinkTopics: ['by-customer'],
            stateChangelogTopics: [
              { name: 'totals-changelog', partitions: null, replicationFactor: null, configs },
            ],
            repartitionSourceTopics: [
              { name: 'by-customer', partitions: 3, replicationFactor: null, configs },
            ],
          },
        ],
      },
      members: [
        {
          groupInstanceId: 'host-7',
          memberEpoch: 1,
          isClassic: false,
          subscribedTopics: null,
          assignment: null,
          streams: {
            topologyEpoch: 3,
            processId: 'p',
            userEndpoint: { host: 'host-7', port: 80 },
            clientTags: { zone: 'a' },
            tasks: {
              active: [
                { subtopologyId: '0', partition: 0 },
                { subtopologyId: '0', partition: 1 },
              ],
              standby: [{ subtopologyId: '0', partition: 2 }],
              warmup: [],
            },
            targetTasks: { active: [], standby: [], warmup: [{ subtopologyId: '0', partition: 3 }] },
            taskOffsets: [{ subtopologyId: '0', partition: 1, offset: 5n }],
            taskEndOffsets: [{ subtopologyId: '0', partition: 1, offset: 9n }],
          },
        },
      ],
    })
    expect(nobody?.error?.code).toBe('GROUP_ID_NOT_FOUND')
  })
})
