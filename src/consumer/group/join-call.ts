import { Deadline } from '../../base/deadline'
import { ErrorCode } from '../../base/error-codes'
import { TimeoutError } from '../../base/errors'
import { coordinatorCheckMs } from '../../group/coordinator-watch'
import type { GroupRequests } from '../../group/group-requests'
import {
  joinGroupApi,
  type JoinGroupRequest,
  type JoinGroupResponse,
} from '../../wire/generated/client/join-group'
import type { GroupMembershipOptions } from './group-membership'

/** The broker may take the whole rebalance timeout to answer; this is for the way there and back. */
const joinTimeoutMarginMs = 5_000

const joinTimeout = () =>
  new TimeoutError('JOIN_TIMEOUT', 'The coordinator did not answer JoinGroup within the rebalance timeout')

/**
 * JoinGroup, which a coordinator holds back until all members are there, and how it is broken off. One at a time.
 *
 *     send ──answer──> resolved
 *       └──signal──> rejected; when it was written by then, it goes on in the broker until `end`
 */
export class JoinCall {
  readonly #requests: GroupRequests
  readonly #timeoutMs: number
  readonly #minVersion: number
  #underWay: { readonly answer: Promise<JoinGroupResponse>; readonly end: AbortController } | undefined

  constructor(requests: GroupRequests, { rebalanceTimeoutMs, groupInstanceId }: GroupMembershipOptions) {
    this.#requests = requests
    this.#timeoutMs = rebalanceTimeoutMs + joinTimeoutMarginMs
    this.#minVersion = groupInstanceId === null ? 0 : 5
  }

  async send(request: JoinGroupRequest, signal: AbortSignal): Promise<JoinGroupResponse> {
    const end = new AbortController()
    const endUnwritten = () => end.abort()
    const letItGoOn = () => signal.removeEventListener('abort', endUnwritten)
    signal.addEventListener('abort', endUnwritten)
    const answer = this.#attempt(request, this.#newDeadline(end.signal), letItGoOn)
    answer.catch(() => {})
    this.#underWay = { answer, end }
    try {
      const joined = await this.#newDeadline(signal).race(answer, joinTimeout)
      this.#underWay = undefined
      return joined
    } finally {
      letItGoOn()
    }
  }

  /**
   * The id of the member that a JoinGroup let in although it was broken off, once its answer is there. It may come after
   * LeaveGroup, and where members of both protocols are together in a group the coordinator takes it for a new member's:
   * nobody would ever work on what that one is given.
   */
  async memberLetInLate(deadline: Deadline): Promise<string | undefined> {
    if (this.#underWay === undefined) return undefined
    try {
      const joined = await deadline.race(this.#underWay.answer, joinTimeout)
      return joined.errorCode === ErrorCode.NONE ? joined.memberId : undefined
    } catch {
      return undefined
    }
  }

  /** Ends what was broken off, with its connection: the broker may hold back what comes behind it. */
  end(): void {
    this.#underWay?.end.abort()
    this.#underWay = undefined
    this.#requests.closeConnection()
  }

  #newDeadline(signal: AbortSignal): Deadline {
    return new Deadline(this.#requests.cluster.clock, 'JoinGroup', this.#timeoutMs, signal)
  }

  #attempt(request: JoinGroupRequest, deadline: Deadline, onWrite: () => void): Promise<JoinGroupResponse> {
    const asWritten = () => {
      onWrite()
      return request
    }
    return this.#requests.attempt(joinGroupApi, asWritten, {
      deadline,
      timeoutMs: this.#timeoutMs,
      coordinatorCheckMs,
      errorCodes: (response) => [response.errorCode],
      minVersion: this.#minVersion,
    })
  }
}
