// Guards against elections that answer another code than Kafka's, or that name partitions where there was nothing to do.
import { ErrorCode } from '../../../../src/base/error-codes'
import { electLeadersHandler } from '../../../../src/testing/apis/elect-leaders'
import { electLeadersApi } from '../../../../src/wire/generated/client/elect-leaders'
import { ReplicationCluster } from '../support/replication-cluster'

let cluster: ReplicationCluster

beforeEach(() => {
  cluster = new ReplicationCluster(3)
  cluster.createTopic('orders', { partitions: 2 })
})

afterEach(() => cluster.brokers.close())

type Wanted = { topic: string; partitions: number[] }[] | null

const elect = async (
  topicPartitions: Wanted,
  election: 'preferred' | 'unclean' = 'preferred',
  version = 2,
) => {
  const electionType = version >= 1 ? { electionType: election === 'preferred' ? 0 : 1 } : {}
  const request = { ...electionType, topicPartitions, timeoutMs: 1000 }
  const response = await cluster.send(electLeadersApi, [electLeadersHandler(cluster)], request, { version })
  const results = response?.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map(({ partitionId, errorCode }) => [topic, partitionId, errorCode]),
  )
  return { errorCode: response?.errorCode, results }
}

it.each([0, 1, 2])('elects the preferred leader in version %i', async (version) => {
  cluster.partition('orders', 1).moveLeader(3)
  expect(await elect([{ topic: 'orders', partitions: [0, 1] }], 'preferred', version)).toEqual({
    errorCode: 0,
    results: [
      ['orders', 0, ErrorCode.ELECTION_NOT_NEEDED],
      ['orders', 1, 0],
    ],
  })
  expect(cluster.partition('orders', 1).leaderId).toBe(1)
})

it('names of all partitions only those where there was something to do', async () => {
  cluster.partition('orders', 1).moveLeader(3)
  expect((await elect(null)).results).toEqual([['orders', 1, 0]])
  expect((await elect(null)).results).toEqual([])
})

it('tells when the preferred leader is not there', async () => {
  cluster.brokers.stop(1, 'clean')
  expect((await elect([{ topic: 'orders', partitions: [0] }])).results).toEqual([
    ['orders', 0, ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE],
  ])
})

it('elects an unclean leader where there is none, and only there', async () => {
  cluster.brokers.stop(2, 'clean')
  cluster.brokers.stop(3, 'clean')
  cluster.brokers.stop(1, 'clean')
  const wanted = [{ topic: 'orders', partitions: [0] }]
  expect((await elect(wanted, 'unclean')).results?.[0]?.[2]).toBe(ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE)
  cluster.brokers.start(2)
  expect((await elect(wanted, 'unclean')).results?.[0]?.[2]).toBe(0)
  expect(cluster.partition('orders').leaderId).toBe(2)
  expect((await elect(wanted, 'unclean')).results?.[0]?.[2]).toBe(ErrorCode.ELECTION_NOT_NEEDED)
})

it('tells unknown topics and partitions', async () => {
  const wanted = [
    { topic: 'none', partitions: [0] },
    { topic: 'orders', partitions: [7] },
  ]
  expect((await elect(wanted)).results?.map(([, , code]) => code)).toEqual([
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ])
})

it('needs Alter on the cluster', async () => {
  cluster.denied.add('Alter Cluster kafka-cluster')
  cluster.partition('orders').moveLeader(2)
  const refused = await elect([{ topic: 'orders', partitions: [0] }])
  expect(refused.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
  expect(cluster.partition('orders').leaderId).toBe(2)
})
