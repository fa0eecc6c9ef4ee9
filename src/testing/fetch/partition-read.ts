import { ErrorCode } from '../../base/error-codes'
import type { FetchResponsePartitionData } from '../../wire/generated/broker/fetch'
import type { BrokerNode } from '../contracts/brokers'
import type { Partition } from '../contracts/partition'
import type { PartitionLog } from '../contracts/partition-log'
import type { Services } from '../contracts/services'
import type { FetchPartition } from './fetch-partition'
import { preferredReadReplica } from './preferred-replica'

/** What is the same for all partitions of one fetch. */
export interface FetchScope {
  readonly services: Services
  /** The broker that was asked. */
  readonly broker: BrokerNode
  readonly version: number
  readonly readCommitted: boolean
  readonly rackId: string
  /** True when the caller may read the topic. */
  readonly mayRead: (topic: string) => boolean
}

/** What one partition gives now. */
export interface PartitionRead {
  readonly data: FetchResponsePartitionData
  readonly bytes: number
  /** Undefined where nothing can be waited for: the topic is not known, or not the caller's. */
  readonly partition: Partition | undefined
  /** True when the client has to hear of it at once, whatever it waits for. */
  readonly isUrgent: boolean
}

const noRecords: readonly Buffer[] = []

/** Reads one partition by the rules of a consumer's fetch. */
export function readPartition(
  scope: FetchScope,
  wanted: FetchPartition,
  maxBytes: number,
  atLeastOne: boolean,
): PartitionRead {
  const { topics } = scope.services
  const name = wanted.nameIn(topics)
  if (name === undefined || (name === '' && scope.version >= 13)) {
    return refused(wanted, ErrorCode.UNKNOWN_TOPIC_ID)
  }
  if (!scope.mayRead(name)) return refused(wanted, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  const partition = wanted.in(topics)
  if (partition === undefined) return refused(wanted, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (scope.version < 10 && scope.services.configs.log(name).compressionType === 'zstd') {
    return refused(wanted, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, partition)
  }
  const log = partition.log(scope.broker.id)
  if (log === undefined) return refused(wanted, ErrorCode.NOT_LEADER_OR_FOLLOWER, partition)
  const errorCode = leadershipError(scope, wanted, partition)
  if (errorCode !== 0) return refused(wanted, errorCode, partition)
  const replica = preferredFor(scope, wanted, partition)
  if (replica !== undefined) return redirected(scope, wanted, partition, log, replica)
  return readLog(scope, wanted, partition, log, maxBytes, atLeastOne)
}

/** Followers serve consumers since version 11 (KIP-392), but only those who know the current epoch, or none. */
function leadershipError(scope: FetchScope, wanted: FetchPartition, partition: Partition): number {
  const { currentLeaderEpoch } = wanted.asked
  if (currentLeaderEpoch >= 0) {
    if (currentLeaderEpoch < partition.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH
    if (currentLeaderEpoch > partition.leaderEpoch) return ErrorCode.UNKNOWN_LEADER_EPOCH
  }
  const isLeader = partition.leaderId === scope.broker.id
  return scope.version < 11 && !isLeader ? ErrorCode.NOT_LEADER_OR_FOLLOWER : 0
}

function preferredFor(scope: FetchScope, wanted: FetchPartition, partition: Partition): number | undefined {
  if (scope.version < 11 || partition.leaderId !== scope.broker.id) return undefined
  return preferredReadReplica(scope.services, partition, scope.rackId, wanted.asked.fetchOffset)
}

function readLog(
  scope: FetchScope,
  wanted: FetchPartition,
  partition: Partition,
  log: PartitionLog,
  maxBytes: number,
  atLeastOne: boolean,
): PartitionRead {
  const { fetchOffset, lastFetchedEpoch, partitionMaxBytes } = wanted.asked
  const known = offsetsOf(scope, wanted, partition, log)
  if (lastFetchedEpoch >= 0) {
    const end = log.endOffsetForEpoch(lastFetchedEpoch)
    if (end.leaderEpoch === -1) return refused(wanted, ErrorCode.OFFSET_OUT_OF_RANGE, partition)
    if (end.leaderEpoch < lastFetchedEpoch || fetchOffset > end.endOffset) {
      const divergingEpoch = { epoch: end.leaderEpoch, endOffset: end.endOffset }
      const data = { ...known, abortedTransactions: null, records: noRecords, divergingEpoch }
      return { data, bytes: 0, partition, isUrgent: true }
    }
  }
  if (fetchOffset < log.startOffset || fetchOffset > log.endOffset) {
    return refused(wanted, ErrorCode.OFFSET_OUT_OF_RANGE, partition)
  }
  const upTo = scope.readCommitted ? known.lastStableOffset : known.highWatermark
  const limit = Math.max(0, Math.min(maxBytes, partitionMaxBytes))
  if (fetchOffset >= upTo || (limit === 0 && !atLeastOne)) {
    const abortedTransactions = scope.readCommitted ? [] : null
    return {
      data: { ...known, abortedTransactions, records: noRecords },
      bytes: 0,
      partition,
      isUrgent: false,
    }
  }
  const read = log.read({ offset: fetchOffset, maxBytes: limit, atLeastOne, upTo })
  const abortedTransactions = !scope.readCommitted
    ? null
    : read.bytes > 0
      ? log.abortedTransactions(fetchOffset, read.nextOffset)
      : []
  const data = { ...known, abortedTransactions, records: read.pieces }
  return { data, bytes: read.bytes, partition, isUrgent: false }
}

function redirected(
  scope: FetchScope,
  wanted: FetchPartition,
  partition: Partition,
  log: PartitionLog,
  replica: number,
): PartitionRead {
  const known = offsetsOf(scope, wanted, partition, log)
  const data = { ...known, abortedTransactions: null, records: noRecords, preferredReadReplica: replica }
  return { data, bytes: 0, partition, isUrgent: true }
}

function offsetsOf(
  { broker }: FetchScope,
  wanted: FetchPartition,
  partition: Partition,
  log: PartitionLog,
): {
  partitionIndex: number
  errorCode: number
  highWatermark: bigint
  lastStableOffset: bigint
  logStartOffset: bigint
} {
  return {
    partitionIndex: wanted.index,
    errorCode: 0,
    highWatermark: partition.highWatermarkOn(broker.id),
    lastStableOffset: partition.lastStableOffsetOn(broker.id),
    logStartOffset: log.startOffset,
  }
}

/** `partition` is given where the log was asked and refused: then the client hears of it at once. */
function refused(wanted: FetchPartition, errorCode: number, partition?: Partition): PartitionRead {
  const data = {
    partitionIndex: wanted.index,
    errorCode,
    highWatermark: -1n,
    lastStableOffset: -1n,
    logStartOffset: -1n,
    abortedTransactions: null,
    records: noRecords,
  }
  return { data, bytes: 0, partition, isUrgent: partition !== undefined }
}
