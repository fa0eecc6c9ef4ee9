// Guards against changes of a quorum's voters (KIP-853) that only our own idea of a controller takes: a voter goes and comes
// back while the cluster goes on, and what makes no sense is refused.
import { Kafka, silentLogger, type Admin } from '../../src'
import { eventualAnswer } from '../support/eventually'
import { rejectionOf } from '../support/rejection'
import { describeEachKafkaCluster } from './support/describe-kafka'

describeEachKafkaCluster('the voters of a quorum', { nodes: 3, versions: ['4.3.1'] }, (kafka) => {
  let admin: Admin
  beforeAll(() => {
    admin = new Kafka({ brokers: kafka.bootstrap, logger: silentLogger }).admin()
  })
  afterAll(() => admin?.close())

  const endpointOf = (nodeId: number) => ({
    listener: 'CONTROLLER',
    host: 'localhost',
    port: kafka.node(nodeId).ports.CONTROLLER,
  })
  const votersOf = async () => {
    const { voters } = await admin.describeMetadataQuorum()
    return voters.map(({ nodeId }) => nodeId).sort()
  }

  it('can be changed once they are known by their directories', async () => {
    // Until the voters have told the leader that they can.
    await eventualAnswer(
      () => admin.updateFeatures([{ feature: 'kraft.version', level: 1 }], { partial: true }),
      ([result]) => result?.error === null,
      'voters that can be known by their directories',
    )
    const quorum = await eventualAnswer(
      () => admin.describeMetadataQuorum(),
      ({ voters }) => voters.every(({ directoryId }) => directoryId !== null),
      'the directories of all voters',
    )
    expect([...quorum.nodes].sort((a, b) => a.nodeId - b.nodeId)).toEqual(
      [1, 2, 3].map((nodeId) => ({ nodeId, endpoints: [endpointOf(nodeId)] })),
    )
    const follower = quorum.voters.find(({ nodeId }) => nodeId !== quorum.leaderId)
    const voter = { nodeId: follower?.nodeId ?? -1, directoryId: follower?.directoryId ?? '' }
    const { clusterId } = await admin.describeCluster()
    if (clusterId === null) throw new Error('the cluster has no id')

    await admin.removeRaftVoter(voter, { clusterId })
    expect(await votersOf()).toEqual([1, 2, 3].filter((nodeId) => nodeId !== voter.nodeId))
    expect(await rejectionOf(admin.removeRaftVoter(voter))).toMatchObject({ code: 'VOTER_NOT_FOUND' })

    const again = { ...voter, endpoints: [endpointOf(voter.nodeId)] }
    await admin.addRaftVoter(again, { clusterId })
    expect(await votersOf()).toEqual([1, 2, 3])
    expect(await rejectionOf(admin.addRaftVoter(again))).toMatchObject({ code: 'DUPLICATE_VOTER' })

    const nobody = { ...again, nodeId: 9, endpoints: [{ ...endpointOf(voter.nodeId), port: 1 }] }
    const tooLate = await rejectionOf(admin.addRaftVoter(nobody, { timeoutMs: 2_000 }))
    expect(tooLate).toMatchObject({ name: 'TimeoutError', cause: { code: 'REQUEST_TIMED_OUT' } })
    expect(await rejectionOf(admin.addRaftVoter(again, { clusterId: 'another' }))).toMatchObject({
      code: 'INCONSISTENT_CLUSTER_ID',
    })
  }, 90_000)
})
