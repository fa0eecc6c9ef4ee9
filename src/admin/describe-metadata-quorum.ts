import { KafkaError } from '../base/errors'
import { ErrorCode } from '../base/error-codes'
import { describeQuorumApi, type DescribeQuorumResponse } from '../wire/generated/client/describe-quorum'
import { request, type AdminCall } from './admin-call'

/** How far a controller, or a broker that follows them, has read the metadata log. */
export interface QuorumReplica {
  readonly nodeId: number
  readonly logEndOffset: bigint
  /** Milliseconds since the epoch; null where it is not told. */
  readonly lastFetchTime: number | null
  /** Milliseconds since the epoch; null where it is not told. */
  readonly lastCaughtUpTime: number | null
}

/** The controllers of a KRaft cluster, and who follows them. */
export interface QuorumDescription {
  /** Node id of the active controller. */
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly highWatermark: bigint
  readonly voters: readonly QuorumReplica[]
  readonly observers: readonly QuorumReplica[]
}

type Replica = DescribeQuorumResponse['topics'][number]['partitions'][number]['currentVoters'][number]

/** Kafka: `Admin.describeMetadataQuorum` (KIP-595), API DescribeQuorum, to the controller. */
export async function describeMetadataQuorum(call: AdminCall): Promise<QuorumDescription> {
  const body = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] }
  const response = await request(call, { kind: 'controller' }, describeQuorumApi, body, {
    errorOf: (answer) => (answer.errorCode === ErrorCode.NONE ? answer.topics[0]?.partitions[0] : answer),
  })
  const answer = response.topics[0]?.partitions[0]
  if (answer === undefined) {
    throw new KafkaError('INCOMPLETE_RESPONSE', "The broker's answer leaves out the metadata log", {
      api: describeQuorumApi.name,
    })
  }
  return {
    leaderId: answer.leaderId,
    leaderEpoch: answer.leaderEpoch,
    highWatermark: answer.highWatermark,
    voters: answer.currentVoters.map(replica),
    observers: answer.observers.map(replica),
  }
}

function replica({
  replicaId,
  logEndOffset,
  lastFetchTimestamp,
  lastCaughtUpTimestamp,
}: Replica): QuorumReplica {
  return {
    nodeId: replicaId,
    logEndOffset,
    lastFetchTime: lastFetchTimestamp < 0n ? null : Number(lastFetchTimestamp),
    lastCaughtUpTime: lastCaughtUpTimestamp < 0n ? null : Number(lastCaughtUpTimestamp),
  }
}
