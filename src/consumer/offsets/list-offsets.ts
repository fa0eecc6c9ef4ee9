import type { Cluster } from '../../cluster/cluster'
import { type ListOffsetsResponse, listOffsetsApi } from '../../wire/generated/client/list-offsets'

/** One partition whose offset is asked for. */
export interface OffsetQuestion {
  readonly topic: string
  readonly partition: number
  /** Milliseconds since 1970, or a sentinel of ListOffsets. */
  readonly timestamp: bigint
  /** -1 when it is not known. */
  readonly currentLeaderEpoch: number
}

/** One partition's answer. */
export interface OffsetAnswer {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** -1 when no message is of that time or later. */
  readonly offset: bigint
  /** -1 when it is not known. */
  readonly leaderEpoch: number
}

/** 0 read_uncommitted, 1 read_committed, as the protocol numbers them. */
export type IsolationLevelNumber = 0 | 1

const firstVersionWithIsolation = 2

/**
 * Asks one broker, once, for the offsets of partitions it leads. Errors of single partitions are part of the answers;
 * an error of the whole request is thrown.
 */
export async function listOffsetsFrom(
  cluster: Cluster,
  nodeId: number,
  questions: readonly OffsetQuestion[],
  isolationLevel: IsolationLevelNumber,
  signal?: AbortSignal,
): Promise<OffsetAnswer[]> {
  const topics = new Map<
    string,
    { partitionIndex: number; currentLeaderEpoch: number; timestamp: bigint }[]
  >()
  for (const { topic, partition, timestamp, currentLeaderEpoch } of questions) {
    const partitions = topics.get(topic) ?? []
    partitions.push({ partitionIndex: partition, currentLeaderEpoch, timestamp })
    topics.set(topic, partitions)
  }
  const request = {
    replicaId: -1,
    isolationLevel,
    topics: [...topics].map(([name, partitions]) => ({ name, partitions })),
    timeoutMs: cluster.requestTimeoutMs,
  }
  const response = await cluster.send(nodeId, listOffsetsApi, request, {
    // An older broker would answer with the high watermark, which read_committed must not see.
    minVersion: isolationLevel === 1 ? firstVersionWithIsolation : 1,
    ...(signal && { signal }),
  })
  return answersOf(response)
}

function answersOf(response: ListOffsetsResponse): OffsetAnswer[] {
  return response.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, errorCode, offset, leaderEpoch }) => ({
      topic: name,
      partition: partitionIndex,
      errorCode,
      offset,
      leaderEpoch,
    })),
  )
}
