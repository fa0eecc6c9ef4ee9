// Guards the two shapes of LeaveGroup, and what members' requests have in common: rights, coordinator, versions.
import { errorCodeName } from '../../../../src/base/error-codes'
import { heartbeatApi } from '../../../../src/wire/generated/client/heartbeat'
import { leaveGroupApi } from '../../../../src/wire/generated/client/leave-group'
import { syncGroupApi } from '../../../../src/wire/generated/client/sync-group'
import { FakeGroupCluster } from '../support/fake-group-cluster'
import { GroupClient } from '../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(() => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster)
})

afterEach(() => cluster.close())

function leave(memberId: string, version: number, groupId = 'group') {
  const request = version >= 3 ? { groupId, members: [{ memberId }] } : { groupId, memberId }
  return client.send(leaveGroupApi, request, version)
}

test.each([0, 1, 2])('LeaveGroup %i answers its only member at the top', async (version) => {
  const [member] = await client.stable(1)
  expect(errorCodeName((await leave('stranger', version)).errorCode)).toBe('UNKNOWN_MEMBER_ID')
  expect((await leave(member?.memberId ?? '', version)).errorCode).toBe(0)
  expect(cluster.registry.get('group')?.state).toBe('Empty')
})

test.each([3, 4, 5])('LeaveGroup %i answers each member', async (version) => {
  const [member] = await client.stable(1)
  const strange = await leave('stranger', version)
  expect(strange.errorCode).toBe(0)
  expect(strange.members.map((m) => errorCodeName(m.errorCode))).toEqual(['UNKNOWN_MEMBER_ID'])
  expect((await leave(member?.memberId ?? '', version)).members.map((m) => m.errorCode)).toEqual([0])
})

test('Nobody is a member of a group that is not there', async () => {
  expect(errorCodeName((await leave('m', 2, 'nobody')).errorCode)).toBe('UNKNOWN_MEMBER_ID')
  expect((await leave('m', 5, 'nobody')).members.map((m) => errorCodeName(m.errorCode))).toEqual([
    'UNKNOWN_MEMBER_ID',
  ])
})

test.each([
  ['GROUP_AUTHORIZATION_FAILED', 'group', () => cluster.denied.add('Read Group group')],
  ['NOT_COORDINATOR', 'group', () => (cluster.askedBrokerId = 2)],
  ['INVALID_GROUP_ID', '', () => undefined],
])("Members' requests are refused with %s", async (code, groupId, arrange) => {
  arrange()
  const member = { groupId, memberId: 'm', generationId: 1 }
  const codes = [
    (await leave('m', 5, groupId)).errorCode,
    (await leave('m', 1, groupId)).errorCode,
    (await client.send(heartbeatApi, member, 4)).errorCode,
    (await client.send(heartbeatApi, member, 0)).errorCode,
    (await client.send(syncGroupApi, { ...member, assignments: [] }, 4)).errorCode,
  ]
  expect(codes.map(errorCodeName)).toEqual([code, code, code, code, code])
})

test.each([0, 1, 2, 3, 4, 5])('SyncGroup %i brings the assignment', async (version) => {
  const joining = client.join({ version: 3 })
  await cluster.clock.advance(3000)
  const { memberId, generationId } = await joining
  const request = {
    groupId: 'group',
    memberId,
    generationId,
    ...(version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
    assignments: [{ memberId, assignment: Buffer.from('mine') }],
  }
  const response = await client.send(syncGroupApi, request, version)
  expect(response.errorCode).toBe(0)
  expect(response.assignment.toString()).toBe('mine')
  expect(response.protocolName).toBe(version >= 5 ? 'range' : null)
})
