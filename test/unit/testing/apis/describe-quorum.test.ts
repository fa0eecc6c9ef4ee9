// Guards against an image of the controllers that tools can't read, and against voters that seem to change.
import { ErrorCode } from '../../../../src/base/error-codes'
import { addRaftVoterHandler } from '../../../../src/testing/apis/add-raft-voter'
import { describeQuorumHandler } from '../../../../src/testing/apis/describe-quorum'
import { removeRaftVoterHandler } from '../../../../src/testing/apis/remove-raft-voter'
import { unregisterBrokerHandler } from '../../../../src/testing/apis/unregister-broker'
import { addRaftVoterApi } from '../../../../src/wire/generated/client/add-raft-voter'
import { describeQuorumApi } from '../../../../src/wire/generated/client/describe-quorum'
import { removeRaftVoterApi } from '../../../../src/wire/generated/client/remove-raft-voter'
import { unregisterBrokerApi } from '../../../../src/wire/generated/client/unregister-broker'
import { ReplicationCluster } from '../support/replication-cluster'

let cluster: ReplicationCluster

beforeEach(() => {
  cluster = new ReplicationCluster(3)
})

const quorum = (topicName = '__cluster_metadata', version = 2) =>
  cluster.send(
    describeQuorumApi,
    [describeQuorumHandler(cluster)],
    { topics: [{ topicName, partitions: [{ partitionIndex: 0 }] }] },
    { version },
  )

it.each([0, 1, 2])('names all brokers as voters in version %i', async (version) => {
  const response = await quorum('__cluster_metadata', version)
  const partition = response?.topics[0]?.partitions[0]
  expect(partition).toMatchObject({ errorCode: 0, leaderId: 1, observers: [] })
  expect(partition?.currentVoters.map(({ replicaId }) => replicaId)).toEqual([1, 2, 3])
  if (version >= 2) expect(response?.nodes.map(({ nodeId }) => nodeId)).toEqual([1, 2, 3])
})

it('knows no other quorum', async () => {
  expect((await quorum('orders'))?.topics[0]?.partitions[0]?.errorCode).toBe(
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  )
})

it('needs Describe on the cluster', async () => {
  cluster.denied.add('Describe Cluster kafka-cluster')
  expect((await quorum())?.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
})

describe('the voters of a static quorum', () => {
  const voterDirectoryId = 'AAAAAAAAAAAAAAAAAAAAAQ'
  const add = async (clusterId: string | null) => {
    const listeners = [{ name: 'CONTROLLER', host: 'h', port: 1 }]
    const request = { clusterId, timeoutMs: 1000, voterId: 4, voterDirectoryId, listeners }
    return (await cluster.send(addRaftVoterApi, [addRaftVoterHandler(cluster)], request))?.errorCode
  }
  const remove = async (clusterId: string | null) => {
    const request = { clusterId, voterId: 3, voterDirectoryId }
    return (await cluster.send(removeRaftVoterApi, [removeRaftVoterHandler(cluster)], request))?.errorCode
  }

  it('can neither become more nor fewer', async () => {
    expect([await add(null), await remove(null)]).toEqual([
      ErrorCode.UNSUPPORTED_VERSION,
      ErrorCode.UNSUPPORTED_VERSION,
    ])
  })

  it('are not those of another cluster', async () => {
    expect([await add('other'), await remove('other')]).toEqual([
      ErrorCode.INCONSISTENT_CLUSTER_ID,
      ErrorCode.INCONSISTENT_CLUSTER_ID,
    ])
  })
})

describe('unregistering a broker', () => {
  const unregister = async (brokerId: number) =>
    (await cluster.send(unregisterBrokerApi, [unregisterBrokerHandler(cluster)], { brokerId }))?.errorCode

  it('takes it out of the cluster, once', async () => {
    cluster.brokers.stop(3, 'clean')
    expect(await unregister(3)).toBe(0)
    expect(cluster.brokers.all.map(({ id }) => id)).toEqual([1, 2])
    expect(await unregister(3)).toBe(ErrorCode.BROKER_ID_NOT_REGISTERED)
  })

  it('needs Alter on the cluster', async () => {
    cluster.denied.add('Alter Cluster kafka-cluster')
    expect(await unregister(3)).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
  })
})
