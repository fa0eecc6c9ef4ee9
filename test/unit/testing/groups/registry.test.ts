// Guards who holds a group's timers: one left over would keep a process or a simulation from ending.
import { consumerProtocolAssignmentCodec } from '../../../../src/wire/generated/data/consumer-protocol-assignment'
import { Writer } from '../../../../src/wire/primitives/writer'
import { ClassicGroup } from '../../../../src/testing/groups/classic/classic-group'
import { FakeGroupCluster } from '../support/fake-group-cluster'
import { GroupClient } from '../support/group-client'

test('No timer runs while there is no group', () => {
  const cluster = new FakeGroupCluster()
  expect(cluster.clock.pendingTimers).toBe(0)
})

test('A group that takes the place of another ends it and those who wait for it', async () => {
  const cluster = new FakeGroupCluster()
  const client = new GroupClient(cluster)
  const joining = client.joinDynamic()
  await cluster.clock.advance(0)
  const before = cluster.registry.get('group')
  const after = new ClassicGroup('group', cluster.services)
  cluster.registry.replace(after)
  expect(before?.state).toBe('Dead')
  expect(cluster.registry.get('group')).toBe(after)
  expect((await joining).errorCode).not.toBe(0)
  cluster.close()
  expect(cluster.clock.pendingTimers).toBe(0)
})

test('Removing a group keeps its offsets', () => {
  const cluster = new FakeGroupCluster()
  cluster.registry.add(new ClassicGroup('group', cluster.services))
  const offset = { offset: 1n, leaderEpoch: -1, metadata: '', committedAt: 0, topicId: '' }
  cluster.services.offsets.put('group', 't', 0, offset)
  cluster.registry.remove('group')
  expect(cluster.services.offsets.get('group', 't', 0)).toEqual(offset)
  expect([...cluster.registry.all]).toEqual([])
})

test('Inspection tells the members with their generation and what the leader assigned', async () => {
  const cluster = new FakeGroupCluster()
  const client = new GroupClient(cluster)
  const joining = client.join({ groupInstanceId: 'a' })
  await cluster.clock.advance(3000)
  const { memberId, generationId } = await joining
  const writer = new Writer()
  writer.writeInt16(1)
  const assignedPartitions = [{ topic: 'topic', partitions: [0, 2] }]
  consumerProtocolAssignmentCodec.encode(writer, { assignedPartitions }, 1)
  const assignments = [{ memberId, assignment: writer.toBuffer() }]
  await client.sync({ memberId, generationId }, {}, { assignments })
  expect(cluster.registry.get('group')?.inspectMembers?.()).toEqual([
    { memberId, groupInstanceId: 'a', clientId: 'client', epoch: 1, assignment: assignedPartitions },
  ])
  cluster.close()
})
