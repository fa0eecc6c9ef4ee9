import { groupBy } from '../../base/group-by'
import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import { type ListOffsetsResponse, listOffsetsApi } from '../../wire/generated/client/list-offsets'

/** One partition whose offset is asked for. */
export interface OffsetQuestion extends TopicPartition {
  /** Milliseconds since 1970, or a sentinel of ListOffsets. */
  readonly timestamp: bigint
  /** -1 when it is not known. */
  readonly currentLeaderEpoch: number
}

/** One partition's answer. */
export interface OffsetAnswer {
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
 * Asks one broker, once, for the offsets of partitions it leads. The answers are by `formatTopicPartition`. Errors of single
 * partitions are part of them; an error of the whole request is thrown.
 */
export async function listOffsetsFrom(
  cluster: Cluster,
  nodeId: number,
  questions: readonly OffsetQuestion[],
  isolationLevel: IsolationLevelNumber,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, OffsetAnswer>> {
  const request = {
    replicaId: -1,
    isolationLevel,
    topics: [...groupBy(questions, ({ topic }) => topic)].map(([name, asked]) => ({
      name,
      partitions: asked.map(({ partition, currentLeaderEpoch, timestamp }) => ({
        partitionIndex: partition,
        currentLeaderEpoch,
        timestamp,
      })),
    })),
    timeoutMs: cluster.requestTimeoutMs,
  }
  const response = await cluster.send(nodeId, listOffsetsApi, request, {
    // An older broker would answer with the high watermark, which read_committed must not see.
    minVersion: isolationLevel === 1 ? firstVersionWithIsolation : 1,
    ...(signal && { signal }),
  })
  return answersOf(response)
}

function answersOf(response: ListOffsetsResponse): ReadonlyMap<string, OffsetAnswer> {
  const answers = new Map<string, OffsetAnswer>()
  for (const { name: topic, partitions } of response.topics) {
    for (const answer of partitions) {
      answers.set(formatTopicPartition({ topic, partition: answer.partitionIndex }), answer)
    }
  }
  return answers
}
