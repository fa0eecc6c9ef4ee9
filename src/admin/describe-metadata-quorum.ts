import { KafkaError } from '../base/errors'
import { ErrorCode } from '../base/error-codes'
import { describeQuorumApi, type DescribeQuorumResponse } from '../wire/generated/client/describe-quorum'
import { zeroUuid } from '../wire/primitives/uuid'
import { request, type AdminCall } from './admin-call'
import type { RaftVoterEndpoint } from './raft-voter'

/** How far a controller, or a broker that follows them, has read the metadata log. */
export interface QuorumReplica {
  readonly nodeId: number
  /** Of the directory of its metadata log; null before Kafka 3.9, and where voters are known by node alone (KIP-853). */
  readonly directoryId: string | null
  readonly logEndOffset: bigint
  /** Milliseconds since the epoch; null where it is not told. */
  readonly lastFetchTime: number | null
  /** Milliseconds since the epoch; null where it is not told. */
  readonly lastCaughtUpTime: number | null
}

/** A controller, and where the others reach it. */
export interface QuorumNode {
  readonly nodeId: number
  readonly endpoints: readonly RaftVoterEndpoint[]
}

/** The controllers of a KRaft cluster, and who follows them. */
export interface QuorumDescription {
  /** Node id of the active controller. */
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly highWatermark: bigint
  readonly voters: readonly QuorumReplica[]
  readonly observers: readonly QuorumReplica[]
  /** The voters' endpoints; empty before Kafka 3.9. */
  readonly nodes: readonly QuorumNode[]
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
    nodes: response.nodes.map(({ nodeId, listeners }) => ({
      nodeId,
      endpoints: listeners.map(({ name, host, port }) => ({ listener: name, host, port })),
    })),
  }
}

function replica({
  replicaId,
  replicaDirectoryId,
  logEndOffset,
  lastFetchTimestamp,
  lastCaughtUpTimestamp,
}: Replica): QuorumReplica {
  return {
    nodeId: replicaId,
    directoryId: replicaDirectoryId === zeroUuid ? null : replicaDirectoryId,
    logEndOffset,
    lastFetchTime: lastFetchTimestamp < 0n ? null : Number(lastFetchTimestamp),
    lastCaughtUpTime: lastCaughtUpTimestamp < 0n ? null : Number(lastCaughtUpTimestamp),
  }
}
