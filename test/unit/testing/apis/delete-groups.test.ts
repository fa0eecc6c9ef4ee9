// Guards deletion: a group with members must not go, and of one that goes nothing may stay.
import { errorCodeName } from '../../../../src/base/error-codes'
import { deleteGroupsApi } from '../../../../src/wire/generated/client/delete-groups'
import { FakeGroupCluster } from '../support/fake-group-cluster'
import { GroupClient } from '../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(() => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster)
})

afterEach(() => cluster.close())

async function remove(version: number, ...groupsNames: string[]) {
  const { results } = await client.send(deleteGroupsApi, { groupsNames }, version)
  return results.map((result) => [result.groupId, errorCodeName(result.errorCode)])
}

const offset = { offset: 1n, leaderEpoch: -1, metadata: '', committedAt: 0, topicId: '' }

test.each([0, 1, 2])(
  'DeleteGroups %i deletes an empty group with its offsets, and no other',
  async (version) => {
    const [member] = await client.stable(1)
    cluster.services.offsets.put('group', 't', 0, offset)
    cluster.services.offsets.putPending(7n, 'group', 't', 1, offset)
    expect(await remove(version, 'group', 'nobody')).toEqual([
      ['group', 'NON_EMPTY_GROUP'],
      ['nobody', 'GROUP_ID_NOT_FOUND'],
    ])
    expect(await client.heartbeat(member ?? { memberId: '', generationId: 0 })).toBe('NONE')
    await client.leave({ memberId: member?.memberId ?? '' })
    expect(await remove(version, 'group', 'group')).toEqual([['group', 'NONE']])
    expect(cluster.registry.get('group')).toBeUndefined()
    expect(cluster.services.offsets.list('group').size).toBe(0)
    expect(cluster.services.offsets.hasPendingInGroup('group')).toBe(false)
  },
)

test('Each group is refused by itself', async () => {
  cluster.denied.add('Delete Group group')
  cluster.askedBrokerId = 2
  expect(await remove(2, 'group', 'other')).toEqual([
    ['group', 'GROUP_AUTHORIZATION_FAILED'],
    ['other', 'NOT_COORDINATOR'],
  ])
})
