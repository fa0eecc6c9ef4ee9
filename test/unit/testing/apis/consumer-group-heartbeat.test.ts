// Guards against refusals that a client can't tell from others, and fields that a version can't carry.
import { GroupDriver } from '../groups/consumer/group-driver'
import { codeName } from '../support/group-fixture'

const join = { memberId: 'a', rebalanceTimeoutMs: 1000, subscribedTopicNames: ['t'], topicPartitions: [] }

describe('ConsumerGroupHeartbeat', () => {
  test.each([
    [{ ...join, memberId: '' }, "MemberId can't be empty."],
    [{ ...join, groupId: ' ' }, "GroupId can't be empty."],
    [{ ...join, instanceId: '' }, "InstanceId can't be empty."],
    [{ ...join, rackId: '' }, "RackId can't be empty."],
    [{ ...join, rebalanceTimeoutMs: -1 }, 'RebalanceTimeoutMs must be provided in first request.'],
    [{ ...join, topicPartitions: null }, 'TopicPartitions must be empty when (re-)joining.'],
    [
      { ...join, subscribedTopicNames: null },
      'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.',
    ],
    [{ ...join, memberEpoch: -2 }, "InstanceId can't be null."],
    [{ ...join, memberEpoch: -3 }, 'MemberEpoch is invalid.'],
  ])('refuses %j with INVALID_REQUEST and says why', async (request, why) => {
    const response = await new GroupDriver().heartbeat(request)
    expect([codeName(response.errorCode), response.errorMessage]).toEqual(['INVALID_REQUEST', why])
  })

  test('refuses assignors that the brokers do not have', async () => {
    const response = await new GroupDriver().heartbeat({ ...join, serverAssignor: 'sticky' })
    expect([codeName(response.errorCode), response.errorMessage]).toEqual([
      'UNSUPPORTED_ASSIGNOR',
      'ServerAssignor sticky is not supported. Supported assignors: uniform, range.',
    ])
  })

  test('asks the authorizer for the group and for each topic', async () => {
    const group = new GroupDriver()
    group.cluster.forbidden.add('Describe Topic t')
    expect(codeName((await group.heartbeat(join)).errorCode)).toBe('TOPIC_AUTHORIZATION_FAILED')
    group.cluster.forbidden.add('Read Group g')
    expect(codeName((await group.heartbeat(join)).errorCode)).toBe('GROUP_AUTHORIZATION_FAILED')
  })

  test('answers NOT_COORDINATOR elsewhere, and UNSUPPORTED_VERSION where the protocol is switched off', async () => {
    const group = new GroupDriver({}, 2)
    const answers = await Promise.all([1, 2].map((broker) => group.heartbeat(join, 1, { broker })))
    expect(answers.map(({ errorCode }) => codeName(errorCode)).sort()).toEqual(['NONE', 'NOT_COORDINATOR'])
    group.cluster.close()
    const off = new GroupDriver({ 'group.coordinator.rebalance.protocols': 'classic' })
    expect(codeName((await off.heartbeat(join)).errorCode)).toBe('UNSUPPORTED_VERSION')
    off.cluster.close()
  })

  test.each([0, 1])('is answered in version %i', async (version) => {
    const group = new GroupDriver()
    const { id: topicId } = group.cluster.createTopic('t', 2)
    expect(await group.heartbeat(join, version)).toMatchObject({
      errorCode: 0,
      memberId: 'a',
      memberEpoch: 2,
      assignment: { topicPartitions: [{ topicId, partitions: [0, 1] }] },
    })
    group.cluster.close()
  })
})
