// Guards the few answers in which the group coordinator before Kafka 4.0 was another one: clients have to live with both.
import { errorCodeName } from '../../../../../src/base/error-codes'
import { describeGroupsApi } from '../../../../../src/wire/generated/client/describe-groups'
import { listGroupsApi } from '../../../../../src/wire/generated/client/list-groups'
import { offsetCommitApi } from '../../../../../src/wire/generated/client/offset-commit'
import { offsetDeleteApi } from '../../../../../src/wire/generated/client/offset-delete'
import { settle } from '../../../support/fake-clock'
import { FakeGroupCluster } from '../../support/fake-group-cluster'
import { GroupClient } from '../../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

afterEach(() => cluster.close())

function use(version: string): void {
  cluster = new FakeGroupCluster({}, version)
  client = new GroupClient(cluster)
  cluster.addTopic('topic')
}

const versions = ['3.7', '4.3'] as const

test.each(versions)(
  'A generation of a group that is not there is refused in the words of %s',
  async (version) => {
    use(version)
    const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }]
    const topics = [{ name: 'topic', partitions }]
    const request = { groupId: 'group', memberId: 'm', generationIdOrMemberEpoch: 3, topics }
    const response = await client.send(offsetCommitApi, request, 9)
    expect(errorCodeName(response.topics[0]?.partitions[0]?.errorCode ?? 0)).toBe(
      version === '3.7' ? 'ILLEGAL_GENERATION' : 'GROUP_ID_NOT_FOUND',
    )
  },
)

test.each(versions)(
  'In %s, an id that never joined and leaves makes a stable group rebalance, or not',
  async (version) => {
    use(version)
    const [member] = await client.stable(1)
    const { memberId } = await client.join()
    await client.leave({ memberId })
    expect(await client.heartbeat(member ?? { memberId: '', generationId: 0 })).toBe(
      version === '3.7' ? 'NONE' : 'REBALANCE_IN_PROGRESS',
    )
  },
)

test.each(versions)('In %s, assignments are described during a rebalance, or not', async (version) => {
  use(version)
  const [member] = await client.stable(1)
  void client.joinDynamic()
  await settle()
  const { groups } = await client.send(describeGroupsApi, { groups: ['group'] }, 5)
  expect(groups[0]?.groupState).toBe('PreparingRebalance')
  const described = groups[0]?.members.find((m) => m.memberId === member?.memberId)
  expect(described?.memberAssignment.toString()).toBe(version === '3.7' ? '' : `of ${member?.memberId}`)
})

test.each(versions)('In %s, states are asked for in any case, or in theirs', async (version) => {
  use(version)
  await client.stable(1)
  const { groups } = await client.send(listGroupsApi, { statesFilter: ['stable'] }, 4)
  expect(groups).toHaveLength(version === '3.7' ? 0 : 1)
})

test.each(versions)('In %s, an empty group goes with its last offset, or later', async (version) => {
  use(version)
  const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }]
  const commit = { memberId: '', topics: [{ name: 'topic', partitions }] }
  for (const groupId of ['one', 'two']) await client.send(offsetCommitApi, { groupId, ...commit }, 9)
  const topics = [{ name: 'topic', partitions: [{ partitionIndex: 0 }] }]
  await client.send(offsetDeleteApi, { groupId: 'one', topics }, 0)
  cluster.deleteTopic('topic')
  const left = [...cluster.services.groups.all].map((group) => group.groupId)
  expect(left).toEqual(version === '3.7' ? [] : ['one', 'two'])
})
