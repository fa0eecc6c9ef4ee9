import type { Timer } from '../../base/clock'
import { Deadline } from '../../base/deadline'
import { ErrorCode } from '../../base/error-codes'
import { KafkaError } from '../../base/errors'
import {
  consumerGroupHeartbeatApi,
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
} from '../../wire/generated/client/consumer-group-heartbeat'
import type { GroupRequests } from '../../group/group-requests'
import type { MemberIdentity } from './heartbeats'
import type { PartitionsById } from './target-assignment'
import { type HeartbeatReaction, heartbeatReaction } from '../../group/heartbeat-reaction'

/** What a member is; the coordinator is told of it what it does not know yet. */
export interface MemberReport {
  /** Generation 0 asks to join. */
  readonly identity: MemberIdentity
  readonly topics: readonly string[]
  /** In RE2's syntax. */
  readonly pattern: string | null
  /** In an order that depends on nothing but the partitions. */
  readonly owned: readonly PartitionsById[]
}

/** What stays the same for the life of a member. */
export interface ConsumerHeartbeatOptions {
  readonly groupInstanceId: string | null
  readonly rackId: string | null
  readonly rebalanceTimeoutMs: number
  /** `group.remote.assignor`; null leaves the choice to the broker. */
  readonly groupRemoteAssignor: string | null
}

/** Who has heartbeats sent. */
export interface ConsumerHeartbeatListener {
  report(): MemberReport
  onAnswer(response: ConsumerGroupHeartbeatResponse): void
  /** An answer, or a failure to get one, that sending again does not help; no more heartbeats are sent. */
  onRefused(answer: ConsumerGroupHeartbeatResponse | KafkaError): void
  /** An answer that the user has to do something about; heartbeats go on meanwhile. */
  onComplaint(answer: ConsumerGroupHeartbeatResponse): void
  /** The coordinator has not taken a heartbeat for so many milliseconds that it must have given the partitions away. */
  onSilence(ms: number): void
}

/** Until the broker has said its own; Kafka's default. */
const firstIntervalMs = 5_000
/** The broker answers at once: without an answer for so many intervals another coordinator is looked for. */
const intervalsToAnswer = 3
/**
 * The session timeout is the broker's, and it does not tell it. By Kafka's defaults it is nine intervals long: whoever was
 * not heard for that time has been thrown out.
 */
const intervalsPerSession = 9
/** Permission may still be given; as in Java, the user is told and the member goes on asking. */
const complaint = ErrorCode.TOPIC_AUTHORIZATION_FAILED
/** The first version that takes patterns. */
const firstVersionWithPatterns = 1

interface HeartbeatRun {
  isSending: boolean
  /** Something was to be said while one was on its way. */
  isDue: boolean
}

/**
 * The heartbeats of a KIP-848 member: at the interval that the broker gives, and at once when there is something to
 * say. One is on its way at a time. They say only what has changed; after a failure they say everything, because
 * nobody knows what arrived.
 *
 *     start ──> sending ──answer──> waiting ──interval, or news──> sending …
 *                  └──no answer, or a passing error──> backoff ──> sending all
 */
export class ConsumerHeartbeats {
  readonly #requests: GroupRequests
  readonly #options: ConsumerHeartbeatOptions
  readonly #listener: ConsumerHeartbeatListener
  readonly #ended = new AbortController()
  #run: HeartbeatRun | undefined
  #timer: Timer | undefined
  #intervalMs = firstIntervalMs
  #failures = 0
  /** When the coordinator last took a heartbeat of this stay. */
  #lastTaken = 0
  /** Whether the coordinator may know a pattern of this member. */
  #hadPattern = false
  /** What the coordinator knows; undefined to say everything. */
  #told: MemberReport | undefined
  #sending: Promise<void> = Promise.resolve()

  constructor(
    requests: GroupRequests,
    options: ConsumerHeartbeatOptions,
    listener: ConsumerHeartbeatListener,
  ) {
    this.#requests = requests
    this.#options = options
    this.#listener = listener
  }

  /** Begins anew, by saying everything. */
  start(delayMs = 0): void {
    this.stop()
    const run = { isSending: false, isDue: false }
    this.#run = run
    this.#told = undefined
    this.#failures = 0
    if (delayMs > 0) this.#schedule(run, delayMs)
    else this.#send(run)
  }

  /** No more are sent; the answer of one on its way is ignored. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#run = undefined
  }

  /** Stops for good, and does not wait for an answer any more. */
  end(): void {
    this.stop()
    this.#ended.abort()
  }

  /** Resolves when none is on the wire, so that what follows can't be overtaken by it. */
  settled(): Promise<void> {
    return this.#sending
  }

  /** Says what has changed at once, if anything has. After a failure the one that is due says it. */
  sayNews(): void {
    const run = this.#run
    if (run === undefined || this.#failures > 0) return
    if (run.isSending) run.isDue = true
    else if (this.#hasNews()) this.#sendNow(run)
  }

  /** Says everything at once; the broker answers with the whole assignment. */
  sayAll(): void {
    this.#told = undefined
    this.sayNews()
  }

  #hasNews(): boolean {
    const now = this.#listener.report()
    const told = this.#told
    return told === undefined || !sameSubscription(told, now) || !sameOwned(told, now)
  }

  #schedule(run: HeartbeatRun, ms: number): void {
    this.#timer = this.#requests.cluster.clock.setTimer(ms, () => this.#send(run))
  }

  #sendNow(run: HeartbeatRun): void {
    this.#timer?.cancel()
    this.#send(run)
  }

  #send(run: HeartbeatRun): void {
    this.#sending = this.#beat(run)
  }

  async #beat(run: HeartbeatRun): Promise<void> {
    const { clock } = this.#requests.cluster
    run.isSending = true
    run.isDue = false
    const report = this.#listener.report()
    const request = this.#requestOf(report, this.#told)
    // Set before the answer: whoever asks for all to be said meanwhile takes it back.
    this.#told = report
    const sentAt = clock.now()
    const answer = await this.#exchange(request)
    if (this.#run !== run) return
    run.isSending = false
    const isJoining = report.identity.generationId === 0
    this.#settle(run, answer, sentAt, this.#reactionTo(answer, isJoining))
  }

  #reactionTo(answer: ConsumerGroupHeartbeatResponse | KafkaError, isJoining: boolean): HeartbeatReaction {
    if (answer instanceof KafkaError) return answer.retriable ? 'retry' : 'fatal'
    return heartbeatReaction(answer.errorCode, isJoining)
  }

  #settle(
    run: HeartbeatRun,
    answer: ConsumerGroupHeartbeatResponse | KafkaError,
    sentAt: number,
    reaction: HeartbeatReaction,
  ): void {
    const { clock } = this.#requests.cluster
    if (reaction === 'retry') return this.#tryAgain(run, answer)
    if (answer instanceof KafkaError || (reaction !== 'none' && answer.errorCode !== complaint)) {
      this.stop()
      return this.#listener.onRefused(answer)
    }
    this.#failures = 0
    if (answer.heartbeatIntervalMs > 0) this.#intervalMs = answer.heartbeatIntervalMs
    this.#schedule(run, Math.max(0, this.#intervalMs - (clock.now() - sentAt)))
    if (reaction !== 'none') {
      this.#told = undefined
      this.#listener.onComplaint(answer)
      this.#endIfForgotten()
      return
    }
    this.#lastTaken = clock.now()
    this.#listener.onAnswer(answer)
    if (this.#run === run && run.isDue && this.#hasNews()) this.#sendNow(run)
  }

  #tryAgain(run: HeartbeatRun, answer: ConsumerGroupHeartbeatResponse | KafkaError): void {
    const { cluster } = this.#requests
    this.#told = undefined
    if (this.#endIfForgotten()) return
    // The broker that knows better is asked at once; when that one does not know either, there is no hurry.
    const isMoved = !(answer instanceof KafkaError) && answer.errorCode === ErrorCode.NOT_COORDINATOR
    const failures = ++this.#failures
    const waitMs = isMoved && failures === 1 ? 0 : cluster.backoffMs(failures)
    this.#schedule(run, Math.min(waitMs, this.#sessionLeftMs()))
  }

  #endIfForgotten(): boolean {
    if (this.#run === undefined || this.#sessionLeftMs() > 0) return false
    this.stop()
    this.#listener.onSilence(this.#requests.cluster.clock.now() - this.#lastTaken)
    return true
  }

  /** Infinite for who is no member yet. */
  #sessionLeftMs(): number {
    if (this.#listener.report().identity.generationId <= 0) return Infinity
    return this.#lastTaken + this.#intervalMs * intervalsPerSession - this.#requests.cluster.clock.now()
  }

  async #exchange(
    request: ConsumerGroupHeartbeatRequest,
  ): Promise<ConsumerGroupHeartbeatResponse | KafkaError> {
    const { clock, requestTimeoutMs } = this.#requests.cluster
    const patienceMs = Math.max(1, Math.min(requestTimeoutMs, this.#sessionLeftMs()))
    try {
      return await this.#requests.attempt(consumerGroupHeartbeatApi, request, {
        deadline: new Deadline(clock, 'ConsumerGroupHeartbeat', patienceMs, this.#ended.signal),
        timeoutMs: Math.min(requestTimeoutMs, this.#intervalMs * intervalsToAnswer),
        errorCodes: (response) => [response.errorCode],
        ...(this.#hadPattern ? { minVersion: firstVersionWithPatterns } : {}),
      })
    } catch (error) {
      return KafkaError.from(error, 'ConsumerGroupHeartbeat failed', { groupId: this.#requests.groupId })
    }
  }

  #requestOf(now: MemberReport, told: MemberReport | undefined): ConsumerGroupHeartbeatRequest {
    const { groupInstanceId, rackId, rebalanceTimeoutMs, groupRemoteAssignor } = this.#options
    const keepAlive = {
      groupId: this.#requests.groupId,
      memberId: now.identity.memberId,
      memberEpoch: now.identity.generationId,
      instanceId: groupInstanceId,
    }
    if (now.pattern !== null) this.#hadPattern = true
    const subscribed = {
      subscribedTopicNames: now.topics,
      // An empty one takes back what was said before; brokers that never heard of one may be too old to know the field.
      ...(this.#hadPattern ? { subscribedTopicRegex: now.pattern ?? '' } : {}),
    }
    const topicPartitions = now.owned
    if (told === undefined) {
      const fixed = { rackId, rebalanceTimeoutMs, serverAssignor: groupRemoteAssignor }
      return { ...keepAlive, ...fixed, ...subscribed, topicPartitions }
    }
    return {
      ...keepAlive,
      ...(sameSubscription(told, now) ? {} : subscribed),
      ...(sameOwned(told, now) ? {} : { topicPartitions }),
    }
  }
}

function sameSubscription(a: MemberReport, b: MemberReport): boolean {
  return a.pattern === b.pattern && JSON.stringify(a.topics) === JSON.stringify(b.topics)
}

function sameOwned(a: MemberReport, b: MemberReport): boolean {
  return JSON.stringify(a.owned) === JSON.stringify(b.owned)
}
