// Guards what tools see of classic groups, by state and version.
import { errorCodeName } from '../../../../src/base/error-codes'
import { describeGroupsApi } from '../../../../src/wire/generated/client/describe-groups'
import { FakeGroupCluster } from '../support/fake-group-cluster'
import { GroupClient, subscription } from '../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(() => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster)
})

afterEach(() => cluster.close())

async function describeGroup(version = 6, groupId = 'group', includeAuthorizedOperations = false) {
  const request = { groups: [groupId], ...(version >= 3 ? { includeAuthorizedOperations } : {}) }
  const { groups } = await client.send(describeGroupsApi, request, version)
  const [group] = groups
  if (group === undefined) throw new TypeError('A group was asked for')
  return group
}

test.each([0, 1, 2, 3, 4, 5, 6])(
  'DescribeGroups %i tells members, metadata and assignments of a stable group',
  async (version) => {
    const joining = client.join({ groupInstanceId: 'a' })
    await cluster.clock.advance(3000)
    const member = await joining
    await client.syncAll([member])
    expect(await describeGroup(version)).toMatchObject({
      errorCode: 0,
      groupId: 'group',
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [
        {
          memberId: member.memberId,
          groupInstanceId: version >= 4 ? 'a' : null,
          clientId: 'client',
          clientHost: '/127.0.0.1',
          memberMetadata: subscription('topic'),
          memberAssignment: Buffer.from(`of ${member.memberId}`),
        },
      ],
    })
  },
)

test('Of a group between generations no protocol and no metadata are told', async () => {
  const joining = client.joinDynamic()
  await cluster.clock.advance(3000)
  await joining
  expect(await describeGroup()).toMatchObject({
    groupState: 'CompletingRebalance',
    protocolData: '',
    members: [{ memberMetadata: Buffer.alloc(0), memberAssignment: Buffer.alloc(0) }],
  })
})

test('A group that is not there is dead, and an error from version 6 on', async () => {
  expect(await describeGroup(5, 'nobody')).toMatchObject({ errorCode: 0, groupState: 'Dead', members: [] })
  const group = await describeGroup(6, 'nobody')
  expect(group).toMatchObject({ groupState: 'Dead', errorMessage: 'Group nobody not found.' })
  expect(errorCodeName(group.errorCode)).toBe('GROUP_ID_NOT_FOUND')
})

test('Authorized operations are told where they are asked for', async () => {
  await client.stable(1)
  expect((await describeGroup(3, 'group', true)).authorizedOperations).toBe(328)
  expect((await describeGroup(6, 'group', false)).authorizedOperations).toBe(-2147483648)
  expect((await describeGroup(6, 'nobody', true)).authorizedOperations).toBe(-2147483648)
})

test('Each group is refused by itself', async () => {
  cluster.denied.add('Describe Group group')
  expect(errorCodeName((await describeGroup()).errorCode)).toBe('GROUP_AUTHORIZATION_FAILED')
  cluster.askedBrokerId = 2
  expect(errorCodeName((await describeGroup(6, 'other')).errorCode)).toBe('NOT_COORDINATOR')
})
