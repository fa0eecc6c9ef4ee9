import { ErrorCode } from '../../base/error-codes'
import {
  offsetFetchApi,
  type OffsetFetchRequest,
  type OffsetFetchRequestRequestGroup,
  type OffsetFetchRequestRequestTopics,
  type OffsetFetchResponse,
  type OffsetFetchResponseResponseGroup,
  type OffsetFetchResponseResponsePartitions,
  type OffsetFetchResponseResponseTopics,
} from '../../wire/generated/broker/offset-fetch'
import type { CommittedOffset } from '../contracts/group'
import { errorCodeOf } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeGroup, refusalCode } from './group-access'
import { topicName } from './offset-topics'

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'

/**
 * OffsetFetch 1 to 10. What was never committed is offset -1 without an error, and so is a group that is not there.
 *
 * 2: all of a group's offsets, and an error of the whole · 7: requireStable (KIP-447) · 8: many groups · 9: member epochs of
 * consumer groups · 10: topic ids
 */
export function offsetFetchHandler(services: Services): ApiHandler<OffsetFetchRequest, OffsetFetchResponse> {
  return handler(offsetFetchApi, (request, context) => {
    const fetch = (group: OffsetFetchRequestRequestGroup) => fetchGroup(services, context, group, request)
    if (context.apiVersion >= 8) return { groups: request.groups.map(fetch) }
    return inOldShape(fetch(oldGroup(request)), request, context.apiVersion)
  })
}

/** The one group of versions up to 7, as if it was asked for in the list of later ones. */
function oldGroup(request: OffsetFetchRequest): OffsetFetchRequestRequestGroup {
  const topics = request.topics?.map((topic) => ({ ...topic, topicId: zeroId })) ?? null
  return { groupId: request.groupId, memberId: null, memberEpoch: -1, topics }
}

/** Before version 2 there is no error of the whole: each partition has it. */
function inOldShape(
  group: OffsetFetchResponseResponseGroup,
  request: OffsetFetchRequest,
  version: number,
): OffsetFetchResponse {
  const errorCode = group.errorCode ?? ErrorCode.NONE
  if (version < 2 && errorCode !== ErrorCode.NONE) {
    const topics = (request.topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => nothing(index, errorCode)),
    }))
    return { topics }
  }
  return {
    errorCode,
    topics: group.topics.map(({ name = '', partitions }) => ({ name, partitions })),
  }
}

function fetchGroup(
  services: Services,
  context: RequestContext,
  group: OffsetFetchRequestRequestGroup,
  { requireStable }: OffsetFetchRequest,
): OffsetFetchResponseResponseGroup {
  const { groupId } = group
  try {
    authorizeGroup(services, context, 'Describe', groupId)
    services.coordinators.require(context, 'group', groupId)
    const exists = isReadable(services, group)
    const reader = new GroupReader(services, context, groupId, exists, requireStable)
    return {
      groupId,
      topics: group.topics === null ? reader.all() : group.topics.map((t) => reader.topic(t)),
    }
  } catch (error) {
    return { groupId, errorCode: refusalCode(services, error), topics: [] }
  }
}

/**
 * False when there is no such group, or none that can have offsets.
 * @throws UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH
 */
function isReadable(services: Services, asked: OffsetFetchRequestRequestGroup): boolean {
  try {
    const group = services.groups.get(asked.groupId)
    group?.validateFetch(asked.memberId, asked.memberEpoch)
    return group !== undefined
  } catch (error) {
    if (errorCodeOf(error) === ErrorCode.GROUP_ID_NOT_FOUND) return false
    throw error
  }
}

/** Reads the offsets of one group for one request. */
class GroupReader {
  readonly #services: Services
  readonly #context: RequestContext
  readonly #groupId: string
  readonly #exists: boolean
  readonly #requireStable: boolean

  constructor(
    services: Services,
    context: RequestContext,
    groupId: string,
    exists: boolean,
    requireStable: boolean,
  ) {
    this.#services = services
    this.#context = context
    this.#groupId = groupId
    this.#exists = exists
    this.#requireStable = requireStable
  }

  get #isById(): boolean {
    return this.#context.apiVersion >= 10
  }

  topic(asked: OffsetFetchRequestRequestTopics): OffsetFetchResponseResponseTopics {
    const { partitionIndexes } = asked
    const named = this.#isById ? { topicId: asked.topicId } : { name: asked.name }
    try {
      const name = topicName(this.#services, this.#context, 'Describe', asked, this.#isById)
      const id = this.#isById ? asked.topicId : zeroId
      return { ...named, partitions: partitionIndexes.map((index) => this.#partition(name, id, index)) }
    } catch (error) {
      const errorCode = refusalCode(this.#services, error)
      return { ...named, partitions: partitionIndexes.map((index) => nothing(index, errorCode)) }
    }
  }

  /** What the caller may not see is left out, and so is what can't be named. */
  all(): OffsetFetchResponseResponseTopics[] {
    if (!this.#exists) return []
    const { offsets, topics, authorizer } = this.#services
    const answers: OffsetFetchResponseResponseTopics[] = []
    for (const [name, partitions] of offsets.list(this.#groupId)) {
      if (!authorizer.allows(this.#context, 'Describe', 'Topic', name)) continue
      const topicId = topics.byName(name)?.id
      if (this.#isById && topicId === undefined) continue
      answers.push({
        ...(this.#isById ? { topicId: topicId ?? zeroId } : { name }),
        partitions: [...partitions.keys()].map((index) => this.#partition(name, zeroId, index)),
      })
    }
    return answers
  }

  #partition(topic: string, topicId: string, index: number): OffsetFetchResponseResponsePartitions {
    const { offsets } = this.#services
    if (this.#requireStable && offsets.hasPending(this.#groupId, topic, index))
      return nothing(index, ErrorCode.UNSTABLE_OFFSET_COMMIT)
    const committed = this.#exists ? offsets.get(this.#groupId, topic, index) : undefined
    if (committed === undefined || isOfAnother(committed, topicId)) return nothing(index, ErrorCode.NONE)
    return {
      partitionIndex: index,
      committedOffset: committed.offset,
      committedLeaderEpoch: committed.leaderEpoch,
      metadata: committed.metadata,
      errorCode: ErrorCode.NONE,
    }
  }
}

/** True for an offset of a topic that was deleted and made anew under the same name. */
function isOfAnother(committed: CommittedOffset, topicId: string): boolean {
  return committed.topicId !== zeroId && topicId !== zeroId && committed.topicId !== topicId
}

function nothing(partitionIndex: number, errorCode: number): OffsetFetchResponseResponsePartitions {
  return { partitionIndex, committedOffset: -1n, committedLeaderEpoch: -1, metadata: '', errorCode }
}
