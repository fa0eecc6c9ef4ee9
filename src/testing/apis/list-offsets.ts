import { ErrorCode } from '../../base/error-codes'
import {
  listOffsetsApi,
  type ListOffsetsRequest,
  type ListOffsetsRequestPartition,
  type ListOffsetsResponse,
  type ListOffsetsResponsePartitionResponse,
} from '../../wire/generated/broker/list-offsets'
import type { Partition } from '../contracts/partition'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { PartitionLog } from '../contracts/partition-log'
import type { Services } from '../contracts/services'
import { checkLeaderEpoch } from './leader-epoch-check'

/** The timestamps that ask for something else, with the first version of the request that may. */
const latest = -1n
const earliest = -2n
const maxTimestamp = -3n
const earliestLocal = -4n
const firstVersions: ReadonlyMap<bigint, number> = new Map([
  [latest, 1],
  [earliest, 1],
  [maxTimestamp, 7],
  [earliestLocal, 8],
  // Of tiered storage (KIP-1005, KIP-1023); there is none here.
  [-5n, 9],
  [-6n, 11],
])

/** First version that tells leader epochs, and the one that knows OFFSET_NOT_AVAILABLE (KIP-207). */
const leaderEpochsFrom = 4
const offsetNotAvailableFrom = 5
/** Tools that read a follower's log give this as their replica id. */
const debuggingReplicaId = -2

/** An offset that was found; undefined leaves the field at its default. */
interface FoundOffset {
  readonly offset: bigint
  readonly timestamp?: number
  readonly leaderEpoch: number
}

/** Offsets by time, and the ends of partitions. */
export function listOffsetsHandler(services: Services): ApiHandler<ListOffsetsRequest, ListOffsetsResponse> {
  return handler(listOffsetsApi, (request, context) => {
    const repeated = repeatedPartitions(request)
    // Before 4.0 Kafka answered any timestamp in any version.
    const checksVersions = Number.parseInt(services.release.name, 10) >= 4
    const topics = request.topics.map(({ name, partitions }) => {
      const isAllowed = services.authorizer.allows(context, 'Describe', 'Topic', name)
      return {
        name,
        partitions: partitions.map((asked) => {
          if (!isAllowed) return refused(asked, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
          if (repeated.has(`${asked.partitionIndex} ${name}`)) {
            return refused(asked, ErrorCode.INVALID_REQUEST)
          }
          const partition = services.topics.partition(name, asked.partitionIndex)
          return answer(partition, asked, { context, request, checksVersions })
        }),
      }
    })
    return { throttleTimeMs: context.throttleMs, topics }
  })
}

interface Asker {
  readonly request: ListOffsetsRequest
  readonly context: RequestContext
  readonly checksVersions: boolean
}

function answer(
  partition: Partition | undefined,
  asked: ListOffsetsRequestPartition,
  asker: Asker,
): ListOffsetsResponsePartitionResponse {
  const { apiVersion } = asker.context
  const { timestamp } = asked
  if (asker.checksVersions && timestamp < 0n && apiVersion < (firstVersions.get(timestamp) ?? Infinity)) {
    return refused(asked, ErrorCode.UNSUPPORTED_VERSION)
  }
  try {
    if (partition === undefined) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
    const log = readableLog(partition, asked, asker)
    const found = find(partition, log, asked, asker)
    return {
      partitionIndex: asked.partitionIndex,
      errorCode: ErrorCode.NONE,
      ...(found === undefined ? {} : fieldsOf(found, apiVersion)),
    }
  } catch (error) {
    return refused(asked, errorCodeOf(error))
  }
}

/** The leader's log; that of a replica only for those who ask to debug it. */
function readableLog(
  partition: Partition,
  { currentLeaderEpoch }: ListOffsetsRequestPartition,
  { request, context }: Asker,
): PartitionLog {
  const log = partition.log(context.broker.id)
  if (log === undefined) throw fail('NOT_LEADER_OR_FOLLOWER')
  checkLeaderEpoch(partition, currentLeaderEpoch)
  const isLeader = partition.leaderId === context.broker.id
  if (!isLeader && request.replicaId !== debuggingReplicaId) throw fail('NOT_LEADER_OR_FOLLOWER')
  return log
}

function find(
  partition: Partition,
  log: PartitionLog,
  { timestamp }: ListOffsetsRequestPartition,
  asker: Asker,
): FoundOffset | undefined {
  const { leaderEpoch } = partition
  if (timestamp === earliest || timestamp === earliestLocal) {
    return { offset: log.startOffset, leaderEpoch: log.batches[0]?.leaderEpoch ?? log.latestEpoch }
  }
  if (timestamp === latest) {
    if (isBehindEpochStart(partition, log, asker)) throw notAvailable(asker)
    return { offset: lastFetchable(partition, log, asker), leaderEpoch }
  }
  if (timestamp < maxTimestamp) return undefined
  const found =
    timestamp === maxTimestamp
      ? log.maxTimestamp(log.endOffset)
      : log.offsetForTimestamp(Number(timestamp), log.endOffset)
  if (found === undefined || found.offset < lastFetchable(partition, log, asker)) return found
  if (isBehindEpochStart(partition, log, asker)) throw notAvailable(asker)
  return undefined
}

function isClient({ request }: Asker): boolean {
  return request.replicaId === -1
}

/** Clients see no further than consumers; replicas see all. */
function lastFetchable(partition: Partition, log: PartitionLog, asker: Asker): bigint {
  if (!isClient(asker)) return log.endOffset
  return asker.request.isolationLevel === 1 ? partition.lastStableOffset : partition.highWatermark
}

/**
 * True while the high watermark of a new leader lies before its first own record: the end that a client was told
 * before may then lie behind it (KIP-207).
 */
function isBehindEpochStart(partition: Partition, log: PartitionLog, asker: Asker): boolean {
  if (!isClient(asker) || log.latestEpoch !== partition.leaderEpoch) return false
  return log.endOffsetForEpoch(partition.leaderEpoch - 1).endOffset > partition.highWatermark
}

function notAvailable({ context }: Asker): Error {
  return fail(context.apiVersion >= offsetNotAvailableFrom ? 'OFFSET_NOT_AVAILABLE' : 'LEADER_NOT_AVAILABLE')
}

function fieldsOf(
  { offset, timestamp = -1, leaderEpoch }: FoundOffset,
  apiVersion: number,
): Pick<ListOffsetsResponsePartitionResponse, 'offset' | 'timestamp' | 'leaderEpoch'> {
  const fields = { offset, timestamp: BigInt(timestamp) }
  return apiVersion >= leaderEpochsFrom ? { ...fields, leaderEpoch } : fields
}

function refused(
  { partitionIndex }: ListOffsetsRequestPartition,
  errorCode: number,
): ListOffsetsResponsePartitionResponse {
  return { partitionIndex, errorCode }
}

/** Partitions that stand in the request more than once; Kafka answers none of them. */
function repeatedPartitions(request: ListOffsetsRequest): ReadonlySet<string> {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const { name, partitions } of request.topics) {
    for (const { partitionIndex } of partitions) {
      const key = `${partitionIndex} ${name}`
      if (seen.has(key)) repeated.add(key)
      seen.add(key)
    }
  }
  return repeated
}
