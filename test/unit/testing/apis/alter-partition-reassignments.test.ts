// Guards against reassignments that are refused otherwise than by Kafka, or that nobody can list or take back.
import { ErrorCode } from '../../../../src/base/error-codes'
import { alterPartitionReassignmentsHandler } from '../../../../src/testing/apis/alter-partition-reassignments'
import { listPartitionReassignmentsHandler } from '../../../../src/testing/apis/list-partition-reassignments'
import { alterPartitionReassignmentsApi } from '../../../../src/wire/generated/client/alter-partition-reassignments'
import { listPartitionReassignmentsApi } from '../../../../src/wire/generated/client/list-partition-reassignments'
import { ReplicationCluster } from '../support/replication-cluster'

let cluster: ReplicationCluster

beforeEach(() => {
  cluster = new ReplicationCluster(4)
  cluster.createTopic('orders', { partitions: 2, replicas: [1, 2] })
})

afterEach(() => cluster.brokers.close())

const alter = async (
  replicas: number[] | null,
  more: { name?: string; version?: number; keep?: boolean } = {},
) => {
  const { name = 'orders', version = 1, keep = false } = more
  const request = {
    ...(version >= 1 && { allowReplicationFactorChange: !keep }),
    topics: [{ name, partitions: [{ partitionIndex: 0, replicas }] }],
  }
  const handlers = [alterPartitionReassignmentsHandler(cluster)]
  const response = await cluster.send(alterPartitionReassignmentsApi, handlers, request, { version })
  return response?.errorCode === 0 ? response.responses[0]?.partitions[0]?.errorCode : response?.errorCode
}

const list = async (topics: { name: string; partitionIndexes: number[] }[] | null = null) => {
  const handlers = [listPartitionReassignmentsHandler(cluster)]
  const response = await cluster.send(listPartitionReassignmentsApi, handlers, { topics })
  return response?.errorCode === 0 ? response.topics : response?.errorCode
}

it.each([0, 1])('moves a partition in version %i', async (version) => {
  expect(await alter([3, 4], { version })).toBe(0)
  expect(cluster.partition('orders').replicas).toEqual([3, 4])
  expect(await list()).toEqual([])
})

it('is listed while a new replica is not there, and can be taken back', async () => {
  cluster.brokers.stop(4, 'clean')
  expect(await alter([1, 4])).toBe(0)
  const ongoing = [
    {
      name: 'orders',
      partitions: [{ partitionIndex: 0, replicas: [1, 4, 2], addingReplicas: [4], removingReplicas: [2] }],
    },
  ]
  expect(await list()).toMatchObject(ongoing)
  expect(await list([{ name: 'orders', partitionIndexes: [0, 1] }])).toMatchObject(ongoing)
  expect(await list([{ name: 'orders', partitionIndexes: [1] }])).toEqual([])
  expect(await list([{ name: 'none', partitionIndexes: [0] }])).toEqual([])
  expect(await alter(null)).toBe(0)
  expect(await list()).toEqual([])
  expect(cluster.partition('orders').replicas).toEqual([1, 2])
})

it('refuses what Kafka refuses', async () => {
  expect(await alter(null)).toBe(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS)
  expect(await alter([])).toBe(ErrorCode.INVALID_REPLICA_ASSIGNMENT)
  expect(await alter([1, 9])).toBe(ErrorCode.INVALID_REPLICA_ASSIGNMENT)
  expect(await alter([1], { keep: true })).toBe(ErrorCode.INVALID_REPLICATION_FACTOR)
  expect(await alter([1], { name: 'none' })).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

it('needs Alter on the cluster to change and Describe to list', async () => {
  cluster.denied.add('Alter Cluster kafka-cluster').add('Describe Cluster kafka-cluster')
  expect(await alter([3, 4])).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
  expect(await list()).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
})
