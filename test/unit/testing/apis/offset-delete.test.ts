// Guards offsets that are in use against an admin's deletion.
import { errorCodeName } from '../../../../src/base/error-codes'
import { offsetDeleteApi } from '../../../../src/wire/generated/client/offset-delete'
import { ClassicGroup } from '../../../../src/testing/groups/classic/classic-group'
import { FakeGroupCluster } from '../support/fake-group-cluster'
import { GroupClient } from '../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(() => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster)
  for (const topic of ['topic', 'other']) {
    cluster.addTopic(topic)
    const offset = { offset: 1n, leaderEpoch: -1, metadata: '', committedAt: 0, topicId: '' }
    cluster.services.offsets.put('group', topic, 0, offset)
  }
})

afterEach(() => cluster.close())

async function remove(groupId = 'group', names = ['topic', 'other', 'missing']) {
  const topics = names.map((name) => ({ name, partitions: [{ partitionIndex: 0 }] }))
  const response = await client.send(offsetDeleteApi, { groupId, topics }, 0)
  return {
    error: errorCodeName(response.errorCode),
    topics: response.topics.map((t) => [t.name, errorCodeName(t.partitions[0]?.errorCode ?? 0)]),
  }
}

const left = () => [...cluster.services.offsets.list('group').keys()]

test('Offsets of an empty group are deleted', async () => {
  cluster.registry.add(new ClassicGroup('group', cluster.services))
  expect(await remove()).toEqual({
    error: 'NONE',
    topics: [
      ['topic', 'NONE'],
      ['other', 'NONE'],
      ['missing', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ],
  })
  expect(left()).toEqual([])
})

test('Offsets of topics that consumers read stay, those of others go', async () => {
  await client.stable(1)
  expect((await remove('group', ['topic', 'other'])).topics).toEqual([
    ['topic', 'GROUP_SUBSCRIBED_TO_TOPIC'],
    ['other', 'NONE'],
  ])
  expect(left()).toEqual(['topic'])
})

test('Of a group with members that are no consumers nothing is deleted', async () => {
  await client.joinDynamicStable({ protocolType: 'connect' })
  expect(await remove()).toEqual({ error: 'NON_EMPTY_GROUP', topics: [] })
  expect(left()).toEqual(['topic', 'other'])
})

test('A refusal of the whole stands at the top', async () => {
  expect((await remove('nobody')).error).toBe('GROUP_ID_NOT_FOUND')
  expect((await remove('nobody', ['missing'])).error).toBe('GROUP_ID_NOT_FOUND')
  expect((await remove('')).error).toBe('INVALID_GROUP_ID')
  cluster.registry.add(new ClassicGroup('group', cluster.services))
  cluster.denied.add('Read Topic topic')
  expect((await remove('group', ['topic', 'missing'])).topics).toEqual([
    ['topic', 'TOPIC_AUTHORIZATION_FAILED'],
    ['missing', 'UNKNOWN_TOPIC_OR_PARTITION'],
  ])
  cluster.askedBrokerId = 2
  expect((await remove()).error).toBe('NOT_COORDINATOR')
  cluster.denied.add('Delete Group group')
  expect((await remove()).error).toBe('GROUP_AUTHORIZATION_FAILED')
})
