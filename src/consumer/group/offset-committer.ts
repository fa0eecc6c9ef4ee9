import { Deadline } from '../../base/deadline'
import { ErrorCode, isRetriable } from '../../base/error-codes'
import { BrokerError, isKafkaError, KafkaError, TimeoutError } from '../../base/errors'
import { pushTo } from '../../base/group-by'
import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import {
  offsetCommitApi,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '../../wire/generated/client/offset-commit'
import type { PartitionOffset } from './group-membership'
import type { GroupRequests } from '../../group/group-requests'
import type { MemberIdentity } from './heartbeats'

/** Version 10 names topics by id, which is of no use here: names are what the group committed before. */
const lastVersionWithNames = 9

/** Who commits, and whether it still may: the membership, or a consumer that assigns its partitions itself. */
export interface CommitAuthority {
  readonly groupInstanceId: string | null
  /** Undefined when the member has lost its place in the group. */
  identity(): MemberIdentity | undefined
  /** Which ownership of the partition is current; undefined when it is not owned. */
  ownershipOf(topicPartition: TopicPartition): number | undefined
  /** Resolves when commits are possible: with the classic protocol not between JoinGroup and the end of SyncGroup. */
  ready(deadline: Deadline): Promise<void>
  /** A rebalance waits for what is committed now, and with it the group: topics that do not exist (any more) are not waited for. */
  isHurried(): boolean
  /** The coordinator refused the identity; answers whether a new one may come, so that waiting for `ready` makes sense. */
  onRefused(errorCode: number, identity: MemberIdentity): boolean
}

interface PendingOffset {
  readonly offset: PartitionOffset
  readonly ownership: number | undefined
}

/**
 * Stores offsets, one commit after another (K2). A commit whose caller gave up still ends before the next begins: a
 * request that may yet arrive must never overtake a newer one.
 */
export class OffsetCommitter {
  readonly #requests: GroupRequests
  readonly #authority: CommitAuthority
  #last: Promise<void> = Promise.resolve()
  #attempt: Promise<unknown> | undefined

  constructor(requests: GroupRequests, authority: CommitAuthority) {
    this.#requests = requests
    this.#authority = authority
  }

  /** As GroupOffsets.commit says. */
  async commit(offsets: readonly PartitionOffset[], deadline: Deadline): Promise<void> {
    if (offsets.length === 0) return
    const pending = offsets.map((offset) => ({ offset, ownership: this.#authority.ownershipOf(offset) }))
    const commit = this.#last.then(() => this.#commit(pending, deadline))
    this.#last = commit.catch(() => {})
    await deadline.race(commit, () => this.#timedOut(deadline))
  }

  /** Resolves when no request is on the wire, so that a join can begin; commits that wait for a retry do not count. */
  async requestsSettled(): Promise<void> {
    while (this.#attempt !== undefined) await this.#attempt
  }

  async #commit(pending: readonly PendingOffset[], deadline: Deadline): Promise<void> {
    let left = pending
    let firstError: KafkaError | undefined
    for (let failures = 0; left.length > 0;) {
      await this.#authority.ready(deadline)
      if (deadline.expired) throw this.#timedOut(deadline, firstError)
      const current = left.filter(({ offset, ownership }) => this.#mayCommit(offset, ownership))
      const stale = left.find((item, index) => item !== current[index])
      if (stale !== undefined) firstError ??= this.#notOwned(stale)
      left = current
      const identity = this.#authority.identity()
      if (identity === undefined || left.length === 0) break
      const result = await this.#tryOnce(left, identity, deadline)
      firstError ??= result.error
      left = result.left
      if (left.length === 0) break
      failures++
      await deadline.sleep(this.#requests.cluster.backoffMs(failures))
    }
    if (left.length > 0) firstError ??= this.#notOwned(left[0] as PendingOffset)
    if (firstError !== undefined) throw firstError
  }

  #mayCommit(offset: PartitionOffset, ownership: number | undefined): boolean {
    return ownership !== undefined && this.#authority.ownershipOf(offset) === ownership
  }

  /** One request; what it leaves is to be tried again. Rejects when trying again can't help. */
  async #tryOnce(
    pending: readonly PendingOffset[],
    identity: MemberIdentity,
    deadline: Deadline,
  ): Promise<{ left: readonly PendingOffset[]; error?: KafkaError }> {
    let response: OffsetCommitResponse
    try {
      response = await this.#send(pending, identity)
    } catch (error) {
      deadline.throwIfAborted()
      if (!isKafkaError(error) || !error.retriable || deadline.expired) throw error
      return { left: pending }
    }
    const codes = errorCodesByPartition(response)
    const left: PendingOffset[] = []
    let error: KafkaError | undefined
    let refused: number | undefined
    for (const item of pending) {
      // A partition the answer leaves out was not stored, as far as anyone can tell.
      const code = codes.get(formatTopicPartition(item.offset)) ?? ErrorCode.UNKNOWN_SERVER_ERROR
      if (code === ErrorCode.NONE) continue
      if (isRetriable(code) && !this.#isGone(code)) left.push(item)
      else if (isIdentityError(code)) {
        refused = code
        left.push(item)
      } else error ??= this.#refusal(code, item.offset)
    }
    if (refused !== undefined && !this.#authority.onRefused(refused, identity)) {
      throw this.#commitFailed(refused)
    }
    return error === undefined ? { left } : { left, error }
  }

  #isGone(code: number): boolean {
    return code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && this.#authority.isHurried()
  }

  /** Not bound to the caller's deadline and signal: a request on its way is waited for, never abandoned. */
  #send(pending: readonly PendingOffset[], identity: MemberIdentity): Promise<OffsetCommitResponse> {
    const { groupInstanceId } = this.#authority
    const { clock, requestTimeoutMs } = this.#requests.cluster
    const request = this.#requests.attempt(
      offsetCommitApi,
      {
        groupId: this.#requests.groupId,
        generationIdOrMemberEpoch: identity.generationId,
        memberId: identity.memberId,
        groupInstanceId,
        topics: topicsOf(pending),
      },
      {
        deadline: new Deadline(clock, 'OffsetCommit', requestTimeoutMs),
        errorCodes: (response) => [...errorCodesByPartition(response).values()],
        maxVersion: lastVersionWithNames,
        ...(groupInstanceId === null ? {} : { minVersion: 7 }),
      },
    )
    const attempt = request.then(
      () => {},
      () => {},
    )
    this.#attempt = attempt
    void attempt.then(() => {
      if (this.#attempt === attempt) this.#attempt = undefined
    })
    return request
  }

  #refusal(code: number, { topic, partition }: PartitionOffset): KafkaError {
    const groupId = this.#requests.groupId
    return new BrokerError(code, 'The offset was not committed', {
      topic,
      partition,
      groupId,
      api: 'OffsetCommit',
    })
  }

  #commitFailed(code: number): KafkaError {
    const cause = new BrokerError(code, 'The coordinator refused the commit', { api: 'OffsetCommit' })
    return new KafkaError(
      'COMMIT_FAILED',
      'The offsets were not committed: this consumer lost its partitions in a rebalance, and what it had read is delivered again',
      { groupId: this.#requests.groupId, cause },
    )
  }

  #notOwned({ offset: { topic, partition } }: PendingOffset): KafkaError {
    return new KafkaError(
      'COMMIT_FAILED',
      'The offset was not committed: this consumer does not own the partition, or has given it away since',
      { topic, partition, groupId: this.#requests.groupId },
    )
  }

  #timedOut(deadline: Deadline, cause?: KafkaError): TimeoutError {
    return new TimeoutError('COMMIT_TIMEOUT', `${deadline.what}: the offsets were not confirmed in time`, {
      groupId: this.#requests.groupId,
      maybeWritten: true,
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

/** Errors that say that the member is not what it believes to be. */
function isIdentityError(code: number): boolean {
  return (
    code === ErrorCode.ILLEGAL_GENERATION ||
    code === ErrorCode.STALE_MEMBER_EPOCH ||
    code === ErrorCode.UNKNOWN_MEMBER_ID ||
    code === ErrorCode.REBALANCE_IN_PROGRESS ||
    code === ErrorCode.FENCED_INSTANCE_ID
  )
}

function errorCodesByPartition(response: OffsetCommitResponse): Map<string, number> {
  return new Map(
    response.topics.flatMap((topic) =>
      topic.partitions.map(({ partitionIndex, errorCode }) => [
        formatTopicPartition({ topic: topic.name, partition: partitionIndex }),
        errorCode,
      ]),
    ),
  )
}

function topicsOf(pending: readonly PendingOffset[]): OffsetCommitRequest['topics'] {
  const topics = new Map<string, OffsetCommitRequest['topics'][number]['partitions'][number][]>()
  for (const { offset } of pending) {
    const partition = {
      partitionIndex: offset.partition,
      committedOffset: offset.offset,
      committedLeaderEpoch: offset.leaderEpoch,
      committedMetadata: offset.metadata,
    }
    pushTo(topics, offset.topic, partition)
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }))
}
