// Guards against a broker that speaks of replicas, leaders and controllers in other codes and words than Kafka.
import { addRaftVoterApi } from '../../src/wire/generated/client/add-raft-voter'
import { alterPartitionReassignmentsApi } from '../../src/wire/generated/client/alter-partition-reassignments'
import { alterReplicaLogDirsApi } from '../../src/wire/generated/client/alter-replica-log-dirs'
import { describeLogDirsApi } from '../../src/wire/generated/client/describe-log-dirs'
import { describeQuorumApi } from '../../src/wire/generated/client/describe-quorum'
import { electLeadersApi } from '../../src/wire/generated/client/elect-leaders'
import { listPartitionReassignmentsApi } from '../../src/wire/generated/client/list-partition-reassignments'
import { removeRaftVoterApi } from '../../src/wire/generated/client/remove-raft-voter'
import { unregisterBrokerApi } from '../../src/wire/generated/client/unregister-broker'
import { zeroUuid } from '../../src/wire/primitives/uuid'
import { code, describeEachBroker } from './support/describe-each-broker'
import { batch, createTopic, produce, type TestTopic } from './support/log'

type Answer = { readonly errorCode: number; readonly errorMessage: string | null }

const said = (answer: Answer | undefined): unknown[] => [code(answer?.errorCode), answer?.errorMessage]

describeEachBroker('replicas and their leaders', {}, (broker) => {
  let topic: TestTopic
  let brokerId: number
  beforeAll(async () => {
    topic = await createTopic(broker)
    const { topics } = await broker.raw(describeQuorumApi, 1, {
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    })
    brokerId = topics[0]?.partitions[0]?.leaderId ?? -1
  })

  const elect = async (electionType: number, name: string, partition: number) => {
    const topicPartitions = [{ topic: name, partitions: [partition] }]
    const response = await broker.raw(electLeadersApi, 2, {
      electionType,
      topicPartitions,
      timeoutMs: 10_000,
    })
    return said(response.replicaElectionResults[0]?.partitionResult[0])
  }
  const reassign = async (replicas: number[] | null, name = topic.name, partitionIndex = 0) => {
    const topics = [{ name, partitions: [{ partitionIndex, replicas }] }]
    const response = await broker.raw(alterPartitionReassignmentsApi, 0, { timeoutMs: 10_000, topics })
    return said(response.responses[0]?.partitions[0])
  }

  it('elects no leader where the preferred one leads', async () => {
    const notNeeded = 'Leader election not needed for topic partition.'
    expect(await elect(0, topic.name, 0)).toEqual(['ELECTION_NOT_NEEDED', notNeeded])
    expect(await elect(1, topic.name, 0)).toEqual(['ELECTION_NOT_NEEDED', notNeeded])
    const all = await broker.raw(electLeadersApi, 2, {
      electionType: 0,
      topicPartitions: null,
      timeoutMs: 10_000,
    })
    const results = all.replicaElectionResults.filter((result) => result.topic === topic.name)
    expect(results).toMatchObject([{ topic: topic.name, partitionResult: [] }])
  })

  it('elects no leader of what there is not', async () => {
    expect(await elect(0, 'no-such-topic', 0)).toEqual([
      'UNKNOWN_TOPIC_OR_PARTITION',
      'No such topic as no-such-topic',
    ])
    expect(await elect(0, topic.name, 9)).toEqual([
      'UNKNOWN_TOPIC_OR_PARTITION',
      `No such partition as ${topic.name}-9`,
    ])
  })

  it('refuses assignments that make no sense', async () => {
    expect(await reassign([])).toEqual([
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes an empty replica list.',
    ])
    expect(await reassign([777])).toEqual([
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes broker 777, but no such broker is registered.',
    ])
    expect(await reassign([brokerId, brokerId])).toEqual([
      'INVALID_REPLICA_ASSIGNMENT',
      `The manual partition assignment includes the broker ${brokerId} more than once.`,
    ])
    expect(await reassign([brokerId], 'no-such-topic')).toEqual([
      'UNKNOWN_TOPIC_OR_PARTITION',
      'Unable to find a topic named no-such-topic.',
    ])
    expect(await reassign([brokerId], topic.name, 9)).toEqual([
      'UNKNOWN_TOPIC_OR_PARTITION',
      `Unable to find partition ${topic.name}:9.`,
    ])
  })

  it('takes an assignment that changes nothing, and has nothing to take back', async () => {
    expect(await reassign([brokerId])).toEqual(['NONE', null])
    expect(await reassign(null)).toEqual(['NO_REASSIGNMENT_IN_PROGRESS', null])
    for (const topics of [null, [{ name: topic.name, partitionIndexes: [0] }]]) {
      const response = await broker.raw(listPartitionReassignmentsApi, 0, { timeoutMs: 10_000, topics })
      expect(response).toMatchObject({ errorCode: 0, errorMessage: null, topics: [] })
    }
  })

  it('tells how large the log of a partition is', async () => {
    const own = await createTopic(broker)
    const bytes = batch()
    await produce(broker, own, bytes)
    const response = await broker.raw(describeLogDirsApi, 4, {
      topics: [
        { topic: own.name, partitions: [0, 9] },
        { topic: 'no-such-topic', partitions: [0] },
      ],
    })
    expect(response.results).toHaveLength(1)
    expect(response.results[0]).toMatchObject({
      errorCode: 0,
      topics: [
        {
          name: own.name,
          partitions: [
            { partitionIndex: 0, partitionSize: BigInt(bytes.length), offsetLag: 0n, isFutureKey: false },
          ],
        },
      ],
    })
  })

  it('moves logs to no directory that it does not have', async () => {
    const move = async (path: string, name: string) => {
      const dirs = [{ path, topics: [{ name, partitions: [0] }] }]
      const { results } = await broker.raw(alterReplicaLogDirsApi, 2, { dirs })
      return code(results[0]?.partitions[0]?.errorCode)
    }
    expect(await move('/no/such/directory', topic.name)).toBe('LOG_DIR_NOT_FOUND')
    const { results } = await broker.raw(describeLogDirsApi, 4, { topics: null })
    const own = results[0]?.logDir ?? ''
    expect(await move(own, topic.name)).toBe('NONE')
    expect(await move(own, 'no-such-topic')).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  it('unregisters no broker that it does not know', async () => {
    // The words differ between the releases.
    const answer = await broker.raw(unregisterBrokerApi, 0, { brokerId: 777 })
    expect(code(answer.errorCode)).toBe('BROKER_ID_NOT_REGISTERED')
  })

  it('tells the quorum of the controllers, and of nothing else', async () => {
    const ask = async (topicName: string, partitionIndex: number) => {
      const topics = [{ topicName, partitions: [{ partitionIndex }] }]
      return (await broker.raw(describeQuorumApi, 1, { topics })).topics[0]?.partitions[0]
    }
    const quorum = await ask('__cluster_metadata', 0)
    expect(quorum).toMatchObject({ errorCode: 0, leaderId: brokerId, observers: [] })
    expect(quorum?.currentVoters.map(({ replicaId }) => replicaId)).toEqual([brokerId])
    expect(code((await ask('no-such-topic', 0))?.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(code((await ask('__cluster_metadata', 1))?.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })
})

describeEachBroker('the voters of a static quorum', { releases: ['4.3'] }, (broker) => {
  const voter = { clusterId: null, voterId: 9, voterDirectoryId: 'AAAAAAAAAAAAAAAAAAAAAQ' }

  it('cannot be changed', async () => {
    const listeners = [{ name: 'CONTROLLER', host: '127.0.0.1', port: 1 }]
    expect(said(await broker.raw(addRaftVoterApi, 0, { ...voter, timeoutMs: 5_000, listeners }))).toEqual([
      'UNSUPPORTED_VERSION',
      "Cluster doesn't support adding voter because the kraft.version feature is 0",
    ])
    expect(said(await broker.raw(removeRaftVoterApi, 0, voter))).toEqual([
      'UNSUPPORTED_VERSION',
      "Cluster doesn't support removing voter because the kraft.version feature is 0",
    ])
  })

  it('have an id of a directory', async () => {
    const listeners = [{ name: 'CONTROLLER', host: '127.0.0.1', port: 1 }]
    const nobody = { ...voter, voterDirectoryId: zeroUuid }
    expect(said(await broker.raw(addRaftVoterApi, 0, { ...nobody, timeoutMs: 5_000, listeners }))).toEqual([
      'INVALID_REQUEST',
      "Add voter request didn't include a valid voter",
    ])
    expect(said(await broker.raw(removeRaftVoterApi, 0, nobody))).toEqual([
      'INVALID_REQUEST',
      "Remove voter request didn't include a valid voter",
    ])
  })

  it('are not those of another cluster', async () => {
    const listeners = [{ name: 'CONTROLLER', host: '127.0.0.1', port: 1 }]
    const other = { ...voter, clusterId: 'another' }
    expect(said(await broker.raw(addRaftVoterApi, 0, { ...other, timeoutMs: 5_000, listeners }))[0]).toBe(
      'INCONSISTENT_CLUSTER_ID',
    )
    expect(said(await broker.raw(removeRaftVoterApi, 0, other))[0]).toBe('INCONSISTENT_CLUSTER_ID')
  })
})
