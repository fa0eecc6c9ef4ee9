// Guards exactly-once: offsets of a transaction are only taken from a member that is not fenced, and only within a
// transaction that is verified.
import { errorCodeName, type ErrorCodeName } from '../../../../src/base/error-codes'
import { fail } from '../../../../src/testing/contracts/kafka-failure'
import {
  txnOffsetCommitApi,
  type TxnOffsetCommitRequest,
} from '../../../../src/wire/generated/client/txn-offset-commit'
import { settle } from '../../support/fake-clock'
import { FakeGroupCluster } from '../support/fake-group-cluster'
import { GroupClient } from '../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(() => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster)
  cluster.addTopic('topic')
})

afterEach(() => cluster.close())

async function commit(request: Partial<TxnOffsetCommitRequest> = {}, version = 5): Promise<string[]> {
  const partitions = [
    { partitionIndex: 0, committedOffset: 5n, committedLeaderEpoch: 3, committedMetadata: 'm' },
  ]
  const full: TxnOffsetCommitRequest = {
    transactionalId: 'tx',
    groupId: 'group',
    producerId: 7n,
    producerEpoch: 2,
    topics: [{ name: 'topic', partitions }],
    ...request,
  }
  const { topics } = await client.send(txnOffsetCommitApi, full, version)
  return topics.flatMap((topic) => topic.partitions.map((p) => errorCodeName(p.errorCode)))
}

const committed = () => cluster.services.offsets.get('group', 'topic', 0)
const isPending = () => cluster.services.offsets.hasPending('group', 'topic', 0)

test.each([0, 1, 2, 3, 4, 5])(
  'TxnOffsetCommit %i keeps the offset until the marker comes',
  async (version) => {
    expect(await commit({}, version)).toEqual(['NONE'])
    expect(committed()).toBeUndefined()
    expect(isPending()).toBe(true)
    cluster.services.offsets.completeTransaction(7n, cluster.partitionOf('group'), true)
    expect(committed()).toMatchObject({ offset: 5n, leaderEpoch: version >= 2 ? 3 : -1, metadata: 'm' })
    // From version 5 on it adds the group to the transaction, from 4 on it knows TRANSACTION_ABORTABLE.
    expect(cluster.verified).toEqual([`tx 7/2 group ${version >= 5} ${version >= 4}`])
  },
)

test.each<[ErrorCodeName, ErrorCodeName]>([
  ['INVALID_TXN_STATE', 'INVALID_TXN_STATE'],
  ['INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_EPOCH'],
  ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH'],
  ['NOT_ENOUGH_REPLICAS', 'COORDINATOR_NOT_AVAILABLE'],
  ['CONCURRENT_TRANSACTIONS', 'CONCURRENT_TRANSACTIONS'],
])('What the transaction coordinator refuses with %s is answered with %s', async (refusal, answer) => {
  cluster.refuseTransactions = fail(refusal)
  expect(await commit()).toEqual([answer])
  expect(isPending()).toBe(false)
  expect(cluster.registry.get('group')).toBeUndefined()
})

test('A member is checked as in an ordinary commit', async () => {
  const [member] = await client.stable(1)
  const memberId = member?.memberId ?? ''
  expect(await commit({ memberId, generationIdOrMemberEpoch: 0 })).toEqual(['ILLEGAL_GENERATION'])
  expect(await commit({ memberId: 'stranger', generationIdOrMemberEpoch: 1 })).toEqual(['UNKNOWN_MEMBER_ID'])
  expect(await commit({ memberId, generationIdOrMemberEpoch: 1, groupInstanceId: 'a' })).toEqual([
    'UNKNOWN_MEMBER_ID',
  ])
  expect(isPending()).toBe(false)
  expect(await commit({ memberId, generationIdOrMemberEpoch: 1 })).toEqual(['NONE'])
})

test('A static member that was replaced is fenced', async () => {
  const joining = client.join({ groupInstanceId: 'a' })
  await cluster.clock.advance(3000)
  const { memberId } = await joining
  await client.syncAll([await joining])
  await client.join({ groupInstanceId: 'a' })
  expect(await commit({ memberId, generationIdOrMemberEpoch: 1, groupInstanceId: 'a' })).toEqual([
    'FENCED_INSTANCE_ID',
  ])
})

test('A producer that names no member commits to a group with members too, in any state', async () => {
  const [member] = await client.stable(1)
  expect(await commit()).toEqual(['NONE'])
  const rejoin = client.join({ memberId: member?.memberId ?? '' })
  await settle()
  const { memberId, generationId } = await rejoin
  expect(cluster.registry.get('group')?.state).toBe('CompletingRebalance')
  expect(await commit({ memberId, generationIdOrMemberEpoch: generationId })).toEqual(['NONE'])
})

test('A generation of a group that is not there is refused', async () => {
  expect(await commit({ memberId: 'm', generationIdOrMemberEpoch: 1 })).toEqual(['ILLEGAL_GENERATION'])
})

test('Each partition is judged by itself', async () => {
  const partition = { partitionIndex: 0, committedOffset: 5n, committedMetadata: 'x'.repeat(4097) }
  const topics = [
    { name: 'missing', partitions: [{ ...partition, committedMetadata: '' }] },
    { name: 'topic', partitions: [partition, { ...partition, partitionIndex: 1, committedMetadata: null }] },
  ]
  expect(await commit({ topics })).toEqual([
    'UNKNOWN_TOPIC_OR_PARTITION',
    'OFFSET_METADATA_TOO_LARGE',
    'NONE',
  ])
})

test('Rights, the name of the group and its coordinator are checked before anything is asked', async () => {
  cluster.askedBrokerId = 2
  expect(await commit()).toEqual(['NOT_COORDINATOR'])
  expect(await commit({ groupId: '' })).toEqual(['INVALID_GROUP_ID'])
  cluster.denied.add('Read Topic topic')
  expect(await commit()).toEqual(['TOPIC_AUTHORIZATION_FAILED'])
  cluster.denied.add('Read Group group')
  expect(await commit()).toEqual(['GROUP_AUTHORIZATION_FAILED'])
  cluster.denied.add('Write TransactionalId tx')
  expect(await commit()).toEqual(['TRANSACTIONAL_ID_AUTHORIZATION_FAILED'])
  expect(cluster.verified).toEqual([])
})
