import type { Deadline } from '../../base/deadline'
import { ErrorCode, isRetriable } from '../../base/error-codes'
import { BrokerError, isKafkaError, type KafkaError, TimeoutError } from '../../base/errors'
import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import {
  offsetFetchApi,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from '../../wire/generated/client/offset-fetch'
import { byTopic } from './consumer-protocol'
import type { CommittedPartition } from './group-membership'
import type { GroupRequests } from '../../group/group-requests'
import type { MemberIdentity } from './heartbeats'

/** Version 10 names topics by id. */
const lastVersionWithNames = 9
/** The first version that can wait for open transactions (KIP-447). */
const firstStableVersion = 7
const firstVersionWithGroups = 8
const firstVersionWithMembers = 9

/** Who asks, where the coordinator checks that (KIP-848): a member that is behind must not read what is not its own any more. */
export interface FetchingMember {
  /** Undefined while it is no member: then it asks as one who only looks. */
  identity(): MemberIdentity | undefined
  /** The coordinator knows the member by another epoch, or not at all; it is asked again after a backoff. */
  onRefused(errorCode: number, identity: MemberIdentity): void
}

interface PartitionAnswer extends CommittedPartition {
  readonly errorCode: number
}

/**
 * The group's committed positions. An error never becomes "no offset" (C3): it is tried again or thrown, because a
 * consumer that believes it starts afresh skips messages or reads all of them again.
 */
export async function fetchCommittedOffsets(
  requests: GroupRequests,
  partitions: readonly TopicPartition[],
  deadline: Deadline,
  member?: FetchingMember,
): Promise<readonly CommittedPartition[]> {
  const found = new Map<string, CommittedPartition>()
  let left = partitions
  let cause: KafkaError | undefined
  for (let failures = 1; left.length > 0; failures++) {
    try {
      cause = await fetchOnce(requests, left, deadline, found, member)
    } catch (error) {
      deadline.throwIfAborted()
      if (!isKafkaError(error) || !error.retriable || deadline.expired) throw error
      cause = error
    }
    left = left.filter((partition) => !found.has(formatTopicPartition(partition)))
    if (left.length === 0) break
    if (deadline.expired) throw timedOut(requests, deadline, cause)
    await deadline.sleep(requests.cluster.backoffMs(failures))
  }
  return partitions.map((partition) => found.get(formatTopicPartition(partition)) as CommittedPartition)
}

/** Files what was answered; returns the retriable error of what was not, and throws any other. */
async function fetchOnce(
  requests: GroupRequests,
  partitions: readonly TopicPartition[],
  deadline: Deadline,
  found: Map<string, CommittedPartition>,
  member: FetchingMember | undefined,
): Promise<KafkaError | undefined> {
  const identity = member?.identity()
  const response = await requests.attempt(
    offsetFetchApi,
    (version) => requestFor(requests.groupId, partitions, version, identity),
    {
      deadline,
      minVersion: firstStableVersion,
      maxVersion: lastVersionWithNames,
      errorCodes: (answer) => errorCodes(answer),
    },
  )
  const groupError = response.groups[0]?.errorCode ?? response.errorCode
  if (groupError !== ErrorCode.NONE) {
    const error = failure(requests, groupError)
    if (identity !== undefined && isMemberError(groupError)) member?.onRefused(groupError, identity)
    else if (!error.retriable) throw error
    return error
  }
  let retriable: KafkaError | undefined
  for (const { topic, partition, committed, errorCode } of answers(response)) {
    if (errorCode === ErrorCode.NONE) {
      found.set(formatTopicPartition({ topic, partition }), { topic, partition, committed })
      continue
    }
    const error = failure(requests, errorCode, { topic, partition })
    if (!error.retriable) throw error
    retriable = error
  }
  return retriable
}

function requestFor(
  groupId: string,
  partitions: readonly TopicPartition[],
  version: number,
  identity: MemberIdentity | undefined,
): OffsetFetchRequest {
  const topics = byTopic(partitions).map((item) => ({ name: item.topic, partitionIndexes: item.partitions }))
  if (version < firstVersionWithGroups) return { groupId, topics, requireStable: true }
  const asMember =
    identity === undefined || version < firstVersionWithMembers
      ? {}
      : { memberId: identity.memberId, memberEpoch: identity.generationId }
  return { groups: [{ groupId, topics, ...asMember }], requireStable: true }
}

function isMemberError(errorCode: number): boolean {
  return errorCode === ErrorCode.STALE_MEMBER_EPOCH || errorCode === ErrorCode.UNKNOWN_MEMBER_ID
}

function errorCodes(response: OffsetFetchResponse): number[] {
  const groupError = response.groups[0]?.errorCode ?? response.errorCode
  return [groupError, ...answers(response).map(({ errorCode }) => errorCode)]
}

function answers(response: OffsetFetchResponse): PartitionAnswer[] {
  return (response.groups[0]?.topics ?? response.topics).flatMap((topic) =>
    topic.partitions.map((partition) => ({
      topic: topic.name,
      partition: partition.partitionIndex,
      errorCode: partition.errorCode,
      committed:
        partition.committedOffset < 0n
          ? null
          : {
              offset: partition.committedOffset,
              leaderEpoch: partition.committedLeaderEpoch,
              metadata: partition.metadata ?? '',
            },
    })),
  )
}

function failure(requests: GroupRequests, errorCode: number, at: Partial<TopicPartition> = {}): BrokerError {
  return new BrokerError(errorCode, 'The committed offset could not be read', {
    ...at,
    groupId: requests.groupId,
    api: 'OffsetFetch',
    // UNKNOWN_TOPIC_OR_PARTITION passes once the topic has reached the coordinator's metadata.
    retriable: isRetriable(errorCode),
  })
}

function timedOut(requests: GroupRequests, deadline: Deadline, cause: KafkaError | undefined): TimeoutError {
  return new TimeoutError(
    'OFFSET_FETCH_TIMEOUT',
    `${deadline.what}: the committed offsets did not come in time`,
    {
      groupId: requests.groupId,
      ...(cause === undefined ? {} : { cause }),
    },
  )
}
