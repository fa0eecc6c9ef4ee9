import type { Timer } from '../base/clock'
import { Deadline } from '../base/deadline'
import { createDeferred } from '../base/deferred'
import { ErrorCode } from '../base/error-codes'
import { BrokerError, KafkaError } from '../base/errors'
import { randomUuid } from '../base/random-uuid'
import type { Cluster } from '../cluster/cluster'
import { AwaitedTopics } from '../group/awaited-topics'
import { GroupRequests } from '../group/group-requests'
import { heartbeatReaction } from '../group/heartbeat-reaction'
import { leaveBy } from '../group/leave-by'
import {
  shareGroupHeartbeatApi,
  type ShareGroupHeartbeatResponse,
  type ShareGroupHeartbeatResponseTopicPartitions,
} from '../wire/generated/client/share-group-heartbeat'
import { unsupportedShareGroups } from './unsupported-share-groups'

/** A partition that the coordinator assigned. */
export interface AssignedSharePartition {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
}

export interface ShareMembershipOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  /** `client.rack`; null for none. */
  readonly rackId: string | null
}

export interface ShareMembershipListener {
  /** The member asks to be taken in. */
  onJoining(): void
  /** The coordinator has taken it in. */
  onJoined(memberEpoch: number): void
  /** The coordinator does not know it any more; it joins again. */
  onThrownOut(error: KafkaError): void
  /** The member is out of the group, for whatever reason; its partitions follow. */
  onOutside(): void
  /** These partitions, and no others, from now on. */
  onAssigned(partitions: readonly AssignedSharePartition[]): void
  /** The membership has ended. */
  onFatal(error: KafkaError): void
}

const joinEpoch = 0
const leaveEpoch = -1
/** Until the broker has said its own; Kafka's default. */
const firstIntervalMs = 5_000
/** The broker answers at once: without an answer for so many intervals another coordinator is looked for. */
const intervalsToAnswer = 3
/** Where intervals are short, an answer that takes a moment is no failure. */
const leastAnswerMs = 1_000
/** Leaving is a courtesy, which must not take long while the member wants to come back. */
const leaveTimeoutMs = 10_000

/**
 * Membership in a share group (KIP-932): heartbeats tell the coordinator that the member is there and what it reads,
 * and their answers what it is to read. Partitions are shared, so nothing has to be given back before somebody else
 * may have it.
 *
 *     outside ──start──▶ joining ──answer──▶ staying ──thrown out──▶ joining …
 *        └───── suspend ─────┴───────────────────┘        any ──fatal answer, close──▶ ended
 *
 * One heartbeat is on its way at a time. The first of a stay, and the next one after a failure, say everything.
 */
export class ShareMembership {
  /** For life: a join whose answer is lost does not leave a ghost in the group. */
  readonly memberId: string
  readonly #cluster: Cluster
  readonly #options: ShareMembershipOptions
  readonly #listener: ShareMembershipListener
  readonly #requests: GroupRequests
  readonly #awaited: AwaitedTopics
  readonly #ended = new AbortController()
  #joined = createDeferred<void>()
  #isOutside = true
  #memberEpoch = joinEpoch
  /** The coordinator knows what the member reads. */
  #isTold = false
  #intervalMs = firstIntervalMs
  #failures = 0
  #timer: Timer | undefined
  #beating: Promise<void> = Promise.resolve()
  /** Tells the heartbeats of one stay from those of another. */
  #stay = {}
  #target: readonly ShareGroupHeartbeatResponseTopicPartitions[] = []
  #hasUnknownTopics = false
  #endMetadataWatch: (() => void) | undefined

  constructor(cluster: Cluster, options: ShareMembershipOptions, listener: ShareMembershipListener) {
    this.#cluster = cluster
    this.#options = options
    this.#listener = listener
    this.memberId = randomUuid(cluster.random)
    this.#requests = new GroupRequests(cluster, options.groupId, `group:${options.groupId}`)
    this.#awaited = new AwaitedTopics(cluster, false, () => {})
    this.#joined.promise.catch(() => undefined)
  }

  /** 0 while it is not a member. */
  get memberEpoch(): number {
    return this.#memberEpoch
  }

  /** Joins the group. */
  start(): void {
    this.#awaited.set(this.#options.topics)
    this.#endMetadataWatch = this.#cluster.metadata.onUpdate(() => {
      if (this.#hasUnknownTopics) this.#assign()
    })
    this.resume()
  }

  /** Resolves once the coordinator has taken the member in; rejects when it never will. */
  async joined(deadline: Deadline): Promise<void> {
    const late = () =>
      new KafkaError('JOIN_TIMEOUT', 'The coordinator did not take the member in', {
        groupId: this.#options.groupId,
        retriable: true,
      })
    await deadline.race(this.#joined.promise, late)
  }

  /** Leaves the group until `resume`. */
  suspend(reason: string): void {
    if (this.#isOutside || this.#ended.signal.aborted) return
    this.#cluster.logger.warn('The member leaves its share group for now', { ...this.#names(), reason })
    this.#goOut()
    void this.#leave(new Deadline(this.#cluster.clock, 'leaving the group', leaveTimeoutMs))
  }

  /** Joins again after `suspend`. */
  resume(): void {
    if (!this.#isOutside || this.#ended.signal.aborted) return
    this.#isOutside = false
    this.#failures = 0
    this.#listener.onJoining()
    this.#beat()
  }

  /** Leaves the group, within the deadline. Never rejects. */
  async close(deadline: Deadline): Promise<void> {
    if (this.#ended.signal.aborted) return
    const wasInside = !this.#isOutside
    this.#goOut()
    if (wasInside) await this.#leave(deadline)
    this.#end()
  }

  /** A new stay: answers to heartbeats of the old one are ignored. */
  #goOut(): void {
    this.#isOutside = true
    this.#stay = {}
    this.#timer?.cancel()
    this.#memberEpoch = joinEpoch
    this.#isTold = false
    this.#target = []
    this.#listener.onOutside()
    this.#assign()
  }

  #end(): void {
    this.#ended.abort()
    this.#timer?.cancel()
    this.#awaited.set([])
    this.#endMetadataWatch?.()
  }

  #beat(): void {
    this.#beating = this.#exchange(this.#stay)
  }

  #beatLater(ms: number): void {
    this.#timer = this.#cluster.clock.setTimer(ms, () => this.#beat())
  }

  /** Never rejects. */
  async #exchange(stay: object): Promise<void> {
    // What was sent before must not arrive behind it: a join behind a leave would leave a ghost in the group.
    await this.#beating
    if (this.#stay !== stay || this.#isOutside) return
    const { clock } = this.#cluster
    const sentAt = clock.now()
    const answer = await this.#send()
    if (this.#stay !== stay) return
    if (answer instanceof KafkaError) {
      if (!answer.retriable) return this.#fail(answer)
      this.#isTold = false
      return this.#beatLater(this.#cluster.backoffMs(++this.#failures))
    }
    this.#handle(answer, clock.now() - sentAt)
  }

  async #send(): Promise<ShareGroupHeartbeatResponse | KafkaError> {
    const { clock, requestTimeoutMs } = this.#cluster
    const { groupId, rackId, topics } = this.#options
    try {
      return await this.#requests.attempt(
        shareGroupHeartbeatApi,
        {
          groupId,
          memberId: this.memberId,
          memberEpoch: this.#memberEpoch,
          rackId: this.#isTold ? null : rackId,
          subscribedTopicNames: this.#isTold ? null : topics,
        },
        {
          deadline: new Deadline(clock, 'ShareGroupHeartbeat', requestTimeoutMs, this.#ended.signal),
          timeoutMs: Math.min(
            requestTimeoutMs,
            Math.max(this.#intervalMs * intervalsToAnswer, leastAnswerMs),
          ),
          errorCodes: (response) => [response.errorCode],
        },
      )
    } catch (error) {
      return KafkaError.from(error, 'ShareGroupHeartbeat failed', this.#names())
    }
  }

  #handle(answer: ShareGroupHeartbeatResponse, tookMs: number): void {
    const { errorCode, errorMessage, memberEpoch, heartbeatIntervalMs, assignment } = answer
    switch (heartbeatReaction(errorCode, this.#memberEpoch === joinEpoch)) {
      case 'none':
        this.#failures = 0
        this.#isTold = true
        this.#takeEpoch(memberEpoch)
        if (heartbeatIntervalMs > 0) this.#intervalMs = heartbeatIntervalMs
        this.#joined.resolve()
        this.#beatLater(Math.max(0, this.#intervalMs - tookMs))
        if (assignment === null) return
        this.#target = assignment.topicPartitions
        return this.#assign()
      case 'retry':
        this.#isTold = false
        return this.#beatLater(this.#cluster.backoffMs(++this.#failures))
      case 'lostGeneration':
        return this.#joinAgain(this.#errorOf(errorCode, errorMessage))
      case 'fatal':
        return this.#fail(this.#errorOf(errorCode, errorMessage))
    }
  }

  #takeEpoch(memberEpoch: number): void {
    const hasJoined = this.#memberEpoch === joinEpoch
    this.#memberEpoch = memberEpoch
    if (hasJoined) this.#listener.onJoined(memberEpoch)
  }

  /** Thrown out: what was assigned is not read any more, until it is assigned again. */
  #joinAgain(error: KafkaError): void {
    this.#cluster.logger.warn('The member was thrown out of its share group and joins again', {
      ...this.#names(),
      reason: error.message,
    })
    this.#listener.onThrownOut(error)
    this.#goOut()
    this.#isOutside = false
    this.#listener.onJoining()
    const failures = this.#failures++
    if (failures === 0) this.#beat()
    else this.#beatLater(this.#cluster.backoffMs(failures))
  }

  #fail(error: KafkaError): void {
    const { groupId } = this.#options
    const told = error.code === 'UNSUPPORTED_VERSION' ? unsupportedShareGroups(groupId, error) : error
    this.#cluster.logger.error('The membership in the share group ended', { ...this.#names(), error: told })
    this.#goOut()
    this.#end()
    this.#joined.reject(told)
    this.#listener.onFatal(told)
  }

  #errorOf(errorCode: number, brokerMessage: string | null): KafkaError {
    const context = { ...this.#names(), api: shareGroupHeartbeatApi.name, brokerMessage }
    return new BrokerError(errorCode, whatRefused(errorCode), context)
  }

  /** Names of topics come from metadata; partitions of topics that it does not know yet follow once it does. */
  #assign(): void {
    const { metadata } = this.#cluster
    this.#hasUnknownTopics = false
    const partitions: AssignedSharePartition[] = []
    for (const { topicId, partitions: numbers } of this.#target) {
      const topic = metadata.topicName(topicId)
      if (topic === undefined) this.#hasUnknownTopics = true
      else partitions.push(...numbers.map((partition) => ({ topic, topicId, partition })))
    }
    if (this.#hasUnknownTopics) {
      this.#awaited.set(this.#options.topics)
      metadata.requestRefresh('topics of a share group are not known yet')
    }
    this.#listener.onAssigned(partitions)
  }

  /** Never rejects. */
  async #leave(deadline: Deadline): Promise<void> {
    const { groupId } = this.#options
    const body = { groupId, memberId: this.memberId, memberEpoch: leaveEpoch }
    const before = this.#beating
    const left = leaveBy(this.#requests, deadline, async () => {
      await deadline.race(before, () => new KafkaError('CLOSE_TIMEOUT', 'The coordinator did not answer'))
      const response = await this.#requests.attempt(
        shareGroupHeartbeatApi,
        { ...body, rackId: null, subscribedTopicNames: null },
        { deadline, errorCodes: (answer) => [answer.errorCode] },
      )
      return response.errorCode
    })
    // A join that follows must not arrive before it.
    if (!this.#ended.signal.aborted) this.#beating = left
    await left
  }

  #names(): { groupId: string } {
    return { groupId: this.#options.groupId }
  }
}

/** Tells the user what to do about an error that does not pass by itself. */
function whatRefused(errorCode: number): string {
  switch (errorCode) {
    case ErrorCode.GROUP_MAX_SIZE_REACHED:
      return 'The share group is full (group.share.max.size of the broker)'
    case ErrorCode.GROUP_ID_NOT_FOUND:
      return 'A group of this id exists, and is no share group: choose another id'
    default:
      return 'The coordinator refused the member of the share group'
  }
}
