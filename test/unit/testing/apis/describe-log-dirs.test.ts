// Guards against sizes of logs that no broker holds, and against moves between directories that Kafka would refuse.
import { ErrorCode } from '../../../../src/base/error-codes'
import { alterReplicaLogDirsHandler } from '../../../../src/testing/apis/alter-replica-log-dirs'
import { describeLogDirsHandler } from '../../../../src/testing/apis/describe-log-dirs'
import { alterReplicaLogDirsApi } from '../../../../src/wire/generated/client/alter-replica-log-dirs'
import { describeLogDirsApi } from '../../../../src/wire/generated/client/describe-log-dirs'
import { batchOf, ReplicationCluster, type SendOptions } from '../support/replication-cluster'

let cluster: ReplicationCluster
const batch = batchOf(['a'])

beforeEach(() => {
  cluster = new ReplicationCluster(3)
  cluster.createTopic('orders', { partitions: 2, replicas: [1, 2] })
  cluster.partition('orders', 1).append(batchOf(['a']), { origin: 'client' })
})

const describeDirs = (topics: { topic: string; partitions: number[] }[] | null, options?: SendOptions) =>
  cluster.send(describeLogDirsApi, [describeLogDirsHandler(cluster)], { topics }, options)
const dirOf = async (brokerId: number) => (await describeDirs(null, { brokerId }))?.results[0]?.logDir ?? ''

it.each([1, 2, 3, 4])('tells the sizes of all replicas of a broker in version %i', async (version) => {
  const response = await describeDirs(null, { version, brokerId: 2 })
  expect(response?.results).toHaveLength(1)
  expect(response?.results[0]?.topics[0]).toMatchObject({
    name: 'orders',
    partitions: [
      { partitionIndex: 0, partitionSize: 0n, offsetLag: 0n, isFutureKey: false },
      { partitionIndex: 1, partitionSize: BigInt(batch.length), offsetLag: 0n },
    ],
  })
})

it('tells only what was asked for, and only what the broker holds', async () => {
  const wanted = [
    { topic: 'orders', partitions: [1, 9] },
    { topic: 'none', partitions: [0] },
  ]
  const response = await describeDirs(wanted)
  expect(response?.results[0]?.topics.map(({ name, partitions }) => [name, partitions.length])).toEqual([
    ['orders', 1],
  ])
  expect((await describeDirs(null, { brokerId: 3 }))?.results[0]?.topics).toEqual([])
})

it('needs Describe on the cluster', async () => {
  cluster.denied.add('Describe Cluster kafka-cluster')
  expect(await describeDirs(null)).toMatchObject({
    errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    results: [],
  })
})

describe('moving replicas', () => {
  const move = async (path: string, name: string, partition: number, brokerId = 1) => {
    const request = { dirs: [{ path, topics: [{ name, partitions: [partition] }] }] }
    const handlers = [alterReplicaLogDirsHandler(cluster)]
    const response = await cluster.send(alterReplicaLogDirsApi, handlers, request, { brokerId })
    return response?.results[0]?.partitions[0]?.errorCode
  }

  it('succeeds to the directory where they are, and knows no other', async () => {
    expect(await move(await dirOf(1), 'orders', 0)).toBe(0)
    expect(await move('/elsewhere', 'orders', 0)).toBe(ErrorCode.LOG_DIR_NOT_FOUND)
  })

  it('is refused for replicas that are elsewhere or nowhere', async () => {
    expect(await move(await dirOf(3), 'orders', 0, 3)).toBe(ErrorCode.REPLICA_NOT_AVAILABLE)
    expect(await move(await dirOf(1), 'none', 0)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('needs Alter on the cluster', async () => {
    cluster.denied.add('Alter Cluster kafka-cluster')
    expect(await move(await dirOf(1), 'orders', 0)).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
  })
})
