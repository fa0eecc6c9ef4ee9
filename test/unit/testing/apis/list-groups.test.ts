// Guards which groups a broker lists: its own, that the caller may see, in the asked states and of the asked types.
import type { Group, GroupKind } from '../../../../src/testing/contracts/group'
import { ClassicGroup } from '../../../../src/testing/groups/classic/classic-group'
import { listGroupsApi } from '../../../../src/wire/generated/client/list-groups'
import { FakeGroupCluster } from '../support/fake-group-cluster'
import { GroupClient } from '../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(async () => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster, 'busy')
  await client.stable(1)
  cluster.registry.add(new ClassicGroup('simple', cluster.services))
  cluster.registry.add(otherGroup('modern', 'consumer', 'Stable'))
})

afterEach(() => cluster.close())

function otherGroup(groupId: string, kind: GroupKind, state: string): Group {
  return {
    groupId,
    kind,
    state,
    protocolType: 'consumer',
    validateCommit() {},
    validateFetch() {},
    validateDelete() {},
    isSubscribedTo: () => false,
    close() {},
    coordinatorMoved() {},
  }
}

async function list(version: number, states: string[] = [], types: string[] = [], brokerId = 1) {
  const request = {
    ...(version >= 4 ? { statesFilter: states } : {}),
    ...(version >= 5 ? { typesFilter: types } : {}),
  }
  cluster.askedBrokerId = brokerId
  return (await client.send(listGroupsApi, request, version)).groups
}

test.each([0, 1, 2, 3, 4, 5])('ListGroups %i lists groups of all kinds', async (version) => {
  const groups = await list(version)
  expect(groups.map((group) => [group.groupId, group.protocolType])).toEqual([
    ['busy', 'consumer'],
    ['simple', ''],
    ['modern', 'consumer'],
  ])
  expect(groups.map((group) => group.groupState)).toEqual(
    version >= 4 ? ['Stable', 'Empty', 'Stable'] : ['', '', ''],
  )
  expect(groups.map((group) => group.groupType)).toEqual(
    version >= 5 ? ['classic', 'classic', 'consumer'] : ['', '', ''],
  )
})

test('Groups are filtered by state and by type, in whatever case they are written', async () => {
  const names = (groups: { groupId: string }[]) => groups.map((group) => group.groupId)
  expect(names(await list(4, ['stable']))).toEqual(['busy', 'modern'])
  expect(names(await list(5, ['Stable'], ['Classic']))).toEqual(['busy'])
  expect(names(await list(5, [], ['share', 'CONSUMER']))).toEqual(['modern'])
  expect(names(await list(5, ['Dead']))).toEqual([])
})

test('Another broker lists none of them', async () => {
  expect(await list(5, [], [], 2)).toEqual([])
})

test('Who may not describe the cluster sees the groups it may describe', async () => {
  cluster.denied.add('Describe Cluster kafka-cluster').add('Describe Group busy')
  expect((await list(5)).map((group) => group.groupId)).toEqual(['simple', 'modern'])
})
