// Guards against an admin who sees another group than the coordinator has.
import { codeName } from '../support/group-fixture'
import { GroupDriver } from '../groups/consumer/group-driver'

describe('ConsumerGroupDescribe', () => {
  let group: GroupDriver
  let topicId: string

  beforeEach(async () => {
    group = new GroupDriver()
    topicId = group.cluster.createTopic('t', 2).id
    await group.join('a', ['t'], { rackId: 'r', instanceId: 'i', serverAssignor: 'range' })
  })

  afterEach(() => group.cluster.close())

  test('tells the state, the epochs and the members', async () => {
    const assignment = { topicPartitions: [{ topicId, topicName: 't', partitions: [0, 1] }] }
    expect(await group.describe()).toMatchObject({
      errorCode: 0,
      groupId: 'g',
      groupState: 'Stable',
      groupEpoch: 2,
      assignmentEpoch: 2,
      assignorName: 'range',
      members: [
        {
          memberId: 'a',
          instanceId: 'i',
          rackId: 'r',
          memberEpoch: 2,
          clientId: 'a-client',
          clientHost: '/127.0.0.1',
          subscribedTopicNames: ['t'],
          subscribedTopicRegex: '',
          assignment,
          targetAssignment: assignment,
          memberType: 1,
        },
      ],
    })
  })

  test('counts what is still to be given up as assigned', async () => {
    await group.join('b', ['t'])
    await group.heartbeat({
      memberId: 'a',
      memberEpoch: 2,
      instanceId: 'i',
      topicPartitions: [{ topicId, partitions: [0, 1] }],
    })
    const a = (await group.describe()).members.find(({ memberId }) => memberId === 'a')
    expect(a?.assignment.topicPartitions[0]?.partitions).toEqual([0, 1])
    expect(a?.targetAssignment.topicPartitions[0]?.partitions).toEqual([0])
  })

  test('refuses what is not there or not to be seen', async () => {
    expect(await group.describe('x')).toMatchObject({ errorMessage: 'Group x not found.', groupState: '' })
    group.cluster.forbidden.add('Describe Topic t')
    expect(codeName((await group.describe()).errorCode)).toBe('TOPIC_AUTHORIZATION_FAILED')
    group.cluster.forbidden.add('Describe Group g')
    expect(codeName((await group.describe()).errorCode)).toBe('GROUP_AUTHORIZATION_FAILED')
  })
})
