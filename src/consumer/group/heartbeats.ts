import type { Timer } from '../../base/clock'
import { Deadline } from '../../base/deadline'
import { KafkaError } from '../../base/errors'
import { heartbeatApi } from '../../wire/generated/client/heartbeat'
import type { GroupRequests } from '../../group/group-requests'
import { reactionTo } from './membership-errors'

/** Who sends heartbeats: a member of one generation. */
export interface MemberIdentity {
  readonly memberId: string
  readonly generationId: number
}

export interface HeartbeatOptions {
  readonly groupInstanceId: string | null
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
}

/** Called with an answer that is not plain success, or when none came within the session timeout (undefined). */
export type HeartbeatListener = (identity: MemberIdentity, answer: { errorCode: number } | KafkaError) => void

interface HeartbeatRun {
  readonly identity: MemberIdentity
  readonly ended: AbortController
}

/**
 * Tells the coordinator every interval that this process lives (K10): runs on the clock alone, whatever handlers,
 * commits or joins are doing. One request is under way at a time; a failed one is repeated after a short backoff.
 *
 *     start ──> waiting ──interval──> sending ──answer──> waiting …
 *                                        └──no answer for sessionTimeoutMs──> listener told, stopped
 */
export class Heartbeats {
  readonly #requests: GroupRequests
  readonly #options: HeartbeatOptions
  readonly #listener: HeartbeatListener
  #run: HeartbeatRun | undefined
  #timer: Timer | undefined
  #lastContact = -Infinity

  constructor(requests: GroupRequests, options: HeartbeatOptions, listener: HeartbeatListener) {
    this.#requests = requests
    this.#options = options
    this.#listener = listener
  }

  /** When the coordinator last answered, in the clock's time. */
  get lastContact(): number {
    return this.#lastContact
  }

  /** Begins, or goes on with a new identity; the first heartbeat goes out after one interval. */
  start(identity: MemberIdentity): void {
    this.stop()
    const run = { identity, ended: new AbortController() }
    this.#run = run
    this.#lastContact = this.#requests.cluster.clock.now()
    this.#schedule(run, this.#options.heartbeatIntervalMs, 0)
  }

  /** Ends at once; the answer of a heartbeat under way is ignored. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#run?.ended.abort()
    this.#run = undefined
  }

  #schedule(run: HeartbeatRun, ms: number, failures: number): void {
    this.#timer = this.#requests.cluster.clock.setTimer(ms, () => void this.#beat(run, failures))
  }

  async #beat(run: HeartbeatRun, failures: number): Promise<void> {
    const { cluster } = this.#requests
    const sentAt = cluster.clock.now()
    let answer: { errorCode: number } | KafkaError
    try {
      answer = await this.#send(run.identity, run.ended.signal)
    } catch (error) {
      answer = KafkaError.from(error, 'Heartbeat failed', { groupId: this.#requests.groupId })
    }
    // Stopped, or started for another generation, while the answer was on its way.
    if (this.#run !== run) return
    const retry =
      answer instanceof KafkaError ? answer.retriable : reactionTo('Heartbeat', answer.errorCode) === 'retry'
    const now = cluster.clock.now()
    if (!retry) {
      this.#lastContact = now
      this.#schedule(run, Math.max(0, this.#options.heartbeatIntervalMs - (now - sentAt)), 0)
      if (answer instanceof KafkaError || answer.errorCode !== 0) this.#listener(run.identity, answer)
      return
    }
    const sessionLeft = this.#lastContact + this.#options.sessionTimeoutMs - now
    if (sessionLeft <= 0) {
      this.stop()
      this.#listener(run.identity, answer)
      return
    }
    const backoff = cluster.backoffMs(failures + 1)
    this.#schedule(run, Math.min(backoff, sessionLeft), failures + 1)
  }

  #send(identity: MemberIdentity, signal: AbortSignal): Promise<{ errorCode: number }> {
    const { clock, requestTimeoutMs } = this.#requests.cluster
    const sessionLeft = this.#lastContact + this.#options.sessionTimeoutMs - clock.now()
    const { groupInstanceId, sessionTimeoutMs } = this.#options
    return this.#requests.attempt(
      heartbeatApi,
      { groupId: this.#requests.groupId, ...identity, groupInstanceId },
      {
        deadline: new Deadline(clock, 'Heartbeat', Math.max(1, sessionLeft), signal),
        // A frozen coordinator must be noticed while there is still time to ask another.
        timeoutMs: Math.min(requestTimeoutMs, sessionTimeoutMs / 3),
        errorCodes: (response) => [response.errorCode],
        ...(groupInstanceId === null ? {} : { minVersion: 3 }),
      },
    )
  }
}
