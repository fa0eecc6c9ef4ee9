import type { Timer } from '../base/clock'
import type { Deadline } from '../base/deadline'
import { ErrorCode, errorCodeName, errorKind } from '../base/error-codes'
import { BrokerError, KafkaError, UnsupportedVersionError } from '../base/errors'
import type { AcknowledgementResult } from './acknowledgement-result'
import type { AcknowledgementRound } from './acknowledgement-round'
import type { AcquiredRecords, AcquisitionOwner } from './acquired-records'
import { FlushWaiters } from './flush-waiters'
import type { OffsetRun } from './offset-runs'
import { PendingAcknowledgements, type UnsettledAcknowledgements } from './pending-acknowledgements'
import { ShareExchange } from './share-exchange'
import type { SharePartition } from './share-partition'
import { finalShareEpoch, isShareSessionError, ShareSession } from './share-session'
import { isHopeless, isPassing } from './share-policy'
import type { ShareResponseHandler } from './share-response-handler'
import type { ShareSettings } from './share-settings'
import { unsupportedShareFetch, unsupportedShareGroups } from './unsupported-share-groups'

/** Acknowledgements wait so long for a fetch to carry them. */
const acknowledgeDelayMs = 50
/** How much longer than its wait an answer may take before metadata is asked whether the broker is still the leader. */
const overdueMs = 1000
/** The smallest piece of memory that is worth a request. */
const smallestAsk = 16 * 1024

/** What the fetcher knows of partitions and of what is wanted; the brokers ask it. */
export interface SharePlanner {
  /** The partitions that this broker is to be asked for now. */
  partitionsOf(nodeId: number): SharePartition[]
  /** How many records to ask this broker for; 0 while none are wanted. */
  recordsToAsk(nodeId: number): number
  /** Bytes to ask this broker for at most. */
  bytesToAsk(): number
  /** True when no partition of this member is led by the broker. */
  isUnused(nodeId: number): boolean
  /** A request asks for so many records. */
  onAsking(nodeId: number, records: number): void
  /** It has ended: others may ask. */
  onAsked(nodeId: number): void
  /** Calls `wake` of this broker again after `ms`. */
  wakeLater(ms: number): void
}

/**
 * Speaks with one broker: one session, and one request under way at a time. What is said of records goes with the next
 * fetch, or alone when none is about to be sent, or when a fetch could not carry it.
 *
 *     wake ──▶ renewals, strangers ──▶ ShareAcknowledge
 *          ──▶ records wanted      ──▶ ShareFetch, with what is to be said
 *          ──▶ something to say    ──▶ ShareAcknowledge, after a short wait
 */
export class ShareBroker implements AcquisitionOwner {
  readonly nodeId: number
  readonly #settings: ShareSettings
  readonly #planner: SharePlanner
  readonly #handler: ShareResponseHandler
  readonly #exchange: ShareExchange
  readonly #session = new ShareSession()
  readonly #abort = new AbortController()
  readonly #pending: PendingAcknowledgements
  readonly #waiters = new FlushWaiters()
  /** False when the broker can't renew locks. */
  canRenew = true
  /** Rounds of acknowledgements so far, the one under way included. */
  #rounds = 0
  #isSpeaking = false
  #isRoundUnderWay = false
  #spoken: Promise<void> = Promise.resolve()
  #isScheduled = false
  #isClosing = false
  #isDue = false
  #delay: Timer | undefined
  #retryAt = 0
  #failures = 0

  constructor(nodeId: number, settings: ShareSettings, planner: SharePlanner, handler: ShareResponseHandler) {
    this.nodeId = nodeId
    this.#settings = settings
    this.#planner = planner
    this.#handler = handler
    this.#pending = new PendingAcknowledgements(settings.cluster.clock)
    this.#exchange = new ShareExchange(nodeId, settings, this.#abort.signal)
  }

  /** Something may be wanted or is to be said. Cheap; once a turn however often it is called. */
  wake(): void {
    if (this.#isScheduled || this.#isSpeaking || this.#isClosing) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#next()
    })
  }

  /** Undefined when the broker has taken all that was said. */
  get unsettled(): UnsettledAcknowledgements | undefined {
    const { since, lastError } = this.#pending
    return since === undefined ? undefined : { nodeId: this.nodeId, since, lastError }
  }

  onPending(records: AcquiredRecords): void {
    this.#pending.add(records)
    if (this.#delay === undefined) this.wake()
  }

  onUnsent(records: AcquiredRecords, runs: readonly OffsetRun[], error: KafkaError): void {
    this.#waiters.add(this.#settings.outcomes.add(records, runs, error))
    if (!records.hasPending) this.#pending.delete(records)
    // Nothing may be left of what a commit waits for.
    if (this.#pending.isEmpty && !this.#isSpeaking) this.#waiters.finish(this.#rounds + 1)
  }

  /** Sends what there is to say at once; resolves with what became of it. Never rejects. */
  flush(): Promise<readonly AcknowledgementResult[]> {
    if (!this.#pending.isEmpty) {
      const results = this.#waiters.wait(this.#rounds + 1)
      this.#isDue = true
      this.wake()
      return results
    }
    return this.#isRoundUnderWay ? this.#waiters.wait(this.#rounds) : Promise.resolve([])
  }

  #next(): void {
    if (this.#isSpeaking || this.#isClosing) return
    const { clock } = this.#settings.cluster
    if (this.#retryAt > clock.now()) return this.#planner.wakeLater(this.#retryAt - clock.now())
    this.#settings.held.expire()
    const wanted = this.#planner.partitionsOf(this.nodeId)
    if (this.#mustSpeakAlone(wanted)) return this.#speak(this.#acknowledge())
    if (this.#fetchIfWanted(wanted)) return
    if (!this.#pending.isEmpty) {
      if (this.#isDue) this.#speak(this.#acknowledge())
      else this.#speakSoon()
    } else if (this.#isOver(wanted)) this.#speak(this.#endSession())
  }

  /** A fetch can't renew, and would put partitions that are not wanted into the session. */
  #mustSpeakAlone(wanted: readonly SharePartition[]): boolean {
    if (this.#session.isNew) return false
    for (const records of this.#pending) {
      if (records.hasPendingRenewals || !wanted.includes(records.partition)) return true
    }
    return false
  }

  /** Nothing is wanted from the broker any more, and nothing is held there. */
  #isOver(wanted: readonly SharePartition[]): boolean {
    return (
      wanted.length === 0 &&
      !this.#session.isNew &&
      this.#planner.isUnused(this.nodeId) &&
      this.#settings.held.of(this.nodeId).length === 0
    )
  }

  #fetchIfWanted(wanted: readonly SharePartition[]): boolean {
    const maxRecords = wanted.length === 0 ? 0 : this.#planner.recordsToAsk(this.nodeId)
    if (maxRecords === 0) return false
    const { memory } = this.#settings
    const bytes = this.#planner.bytesToAsk()
    const reserved = memory.reserve(bytes, Math.min(bytes, smallestAsk))
    if (reserved === 0) {
      memory.whenFreed(() => this.#planner.wakeLater(0))
      return false
    }
    this.#planner.onAsking(this.nodeId, maxRecords)
    this.#speak(this.#fetch(wanted, { maxBytes: reserved, maxRecords }))
    return true
  }

  /** Marks the broker as busy until the exchange is over. */
  #speak(exchange: Promise<void>): void {
    this.#spoken = exchange
  }

  #speakSoon(): void {
    this.#delay ??= this.#settings.cluster.clock.setTimer(acknowledgeDelayMs, () => {
      this.#delay = undefined
      this.#isDue = true
      this.wake()
    })
  }

  #beginRound(): AcknowledgementRound {
    this.#isSpeaking = true
    this.#isDue = false
    this.#delay?.cancel()
    this.#delay = undefined
    const round = this.#pending.takeRound()
    this.#isRoundUnderWay = !round.isEmpty
    if (!round.isEmpty) {
      this.#rounds++
      this.#settings.outcomes.sending(round)
    }
    return round
  }

  #end(): void {
    this.#isSpeaking = this.#isRoundUnderWay = false
    this.#pending.endRound()
    this.#waiters.finish(this.#pending.isEmpty ? this.#rounds + 1 : this.#rounds)
    if (!this.#waiters.isEmpty) this.#isDue = true
    this.wake()
  }

  async #fetch(
    wanted: readonly SharePartition[],
    limits: { readonly maxBytes: number; readonly maxRecords: number },
  ): Promise<void> {
    const plan = this.#session.plan(wanted)
    const round = this.#beginRound()
    const { memory, maxWaitMs } = this.#settings
    const overdue = this.#watch(maxWaitMs + overdueMs)
    try {
      const response = await this.#exchange.fetch(plan, round, limits)
      if (this.#isRefused(response.errorCode, response.errorMessage, round, 'ShareFetch')) return
      if (plan.sessionEpoch === 0) this.canRenew = await this.#exchange.canRenew()
      this.#session.accept(plan)
      this.#handler.noteLock(response.acquisitionLockTimeoutMs)
      this.#handler.learnLeaders(response, [...wanted, ...partitionsIn(round)])
      for (const { topicId, partitions } of response.responses) {
        for (const { partitionIndex, acknowledgeErrorCode, acknowledgeErrorMessage } of partitions) {
          const records = round.take(topicId, partitionIndex)
          this.#settle(records, acknowledgeErrorCode, acknowledgeErrorMessage)
        }
      }
      this.#failUnanswered(round)
      this.#handler.file(response, wanted, this)
    } catch (error) {
      this.#fail(error, round)
    } finally {
      overdue.cancel()
      memory.release(limits.maxBytes)
      this.#planner.onAsked(this.nodeId)
      this.#end()
    }
  }

  async #acknowledge(): Promise<void> {
    const round = this.#beginRound()
    const overdue = this.#watch(overdueMs)
    try {
      await this.#sendRound(this.#session.epoch, round, this.#settings.cluster.requestTimeoutMs)
    } catch (error) {
      this.#fail(error, round)
    } finally {
      overdue.cancel()
      this.#end()
    }
  }

  /** The broker keeps a place for this member no longer; what is fetched later opens a new session. */
  async #endSession(): Promise<void> {
    const round = this.#beginRound()
    try {
      await this.#exchange.acknowledge(finalShareEpoch, round, this.#settings.cluster.requestTimeoutMs)
    } catch (error) {
      this.#logFailure(KafkaError.from(error))
    } finally {
      this.#session.reset()
      this.#end()
    }
  }

  async #sendRound(epoch: number, round: AcknowledgementRound, timeoutMs: number): Promise<void> {
    if (round.isEmpty && epoch !== finalShareEpoch) return
    const partitions = partitionsIn(round)
    const response = await this.#exchange.acknowledge(epoch, round, timeoutMs)
    if (this.#isRefused(response.errorCode, response.errorMessage, round, 'ShareAcknowledge')) return
    if (epoch !== finalShareEpoch) this.#session.accept()
    this.#handler.noteLock(response.acquisitionLockTimeoutMs)
    this.#handler.learnLeaders(response, partitions)
    for (const { topicId, partitions: answers } of response.responses) {
      for (const { partitionIndex, errorCode, errorMessage } of answers) {
        this.#settle(round.take(topicId, partitionIndex), errorCode, errorMessage)
      }
    }
    this.#failUnanswered(round)
  }

  /** The answer to what was said of one partition. */
  #settle(sources: readonly AcquiredRecords[], errorCode: number, brokerMessage: string | null): void {
    if (sources.length === 0) return
    if (errorCode === ErrorCode.NONE) {
      this.#failures = 0
      return this.#conclude(sources, undefined)
    }
    if (isPassing(errorCode) && !this.#isClosing) {
      // Taken back by the broker as a whole: it can be said again for as long as the locks last.
      for (const records of sources) records.putBack()
      this.#pending.putBack(errorCodeName(errorCode))
      this.#waiters.extend(this.#rounds)
      return this.#backOff()
    }
    const [first] = sources as [AcquiredRecords]
    const { topic, partition } = first.partition
    const what = 'The acknowledgements were refused'
    const error = new BrokerError(errorCode, what, { topic, partition, nodeId: this.nodeId, brokerMessage })
    if (errorKind(errorCode) === 'refreshMetadata') this.#refreshMetadata(error)
    this.#conclude(sources, error)
  }

  #conclude(sources: readonly AcquiredRecords[], error: KafkaError | undefined): void {
    const { held, outcomes } = this.#settings
    const lockedUntil = held.lockedUntil()
    for (const records of sources) {
      const { runs, renewed } = records.settle(error, lockedUntil)
      for (const own of renewed) held.add(own)
      this.#waiters.add(outcomes.add(records, runs, error))
      held.update(records)
    }
  }

  #failUnanswered(round: AcknowledgementRound): void {
    const records = round.takeAll()
    if (records.length === 0) return
    const what = 'The broker did not say what became of the acknowledgements'
    this.#conclude(records, new KafkaError('INVALID_RESPONSE', what, { nodeId: this.nodeId }))
  }

  /** True when the request as a whole was refused; then everything about that is done. */
  #isRefused(
    errorCode: number,
    brokerMessage: string | null,
    round: AcknowledgementRound,
    api: string,
  ): boolean {
    if (errorCode === ErrorCode.NONE) {
      this.#failures = 0
      return false
    }
    const { groupId, cluster } = this.#settings
    const context = { groupId, api, nodeId: this.nodeId, brokerMessage }
    const error = new BrokerError(errorCode, 'The broker refused the request', context)
    this.#conclude(round.takeAll(), error)
    if (isShareSessionError(errorCode)) {
      cluster.logger.debug('The share session is opened anew', {
        nodeId: this.nodeId,
        error: errorCodeName(errorCode),
      })
      this.#loseSession(error)
      // The first refusal is cured by the new session; one that is refused too has to wait.
      if (this.#failures++ > 0 || errorCode === ErrorCode.SHARE_SESSION_LIMIT_REACHED) this.#backOff()
    } else if (errorCode === ErrorCode.UNSUPPORTED_VERSION) {
      this.#settings.onFatal(unsupportedShareGroups(groupId, error))
    } else if (error.retriable || errorCode === ErrorCode.UNKNOWN_SERVER_ERROR) {
      if (errorKind(errorCode) === 'refreshMetadata') this.#refreshMetadata(error)
      this.#backOff()
    } else this.#settings.onFatal(error)
    return true
  }

  /** There was no answer: nobody knows what the broker did, and whether it has the session still. */
  #fail(caught: unknown, round: AcknowledgementRound): void {
    const error = KafkaError.from(caught, 'A request of the share consumer failed', { nodeId: this.nodeId })
    this.#conclude(round.takeAll(), error)
    this.#loseSession(error)
    if (this.#abort.signal.aborted) return
    this.#backOff()
    if (error instanceof UnsupportedVersionError) {
      return this.#settings.onFatal(unsupportedShareFetch(this.#settings, error))
    }
    if (isHopeless(error)) return this.#settings.onFatal(error)
    this.#logFailure(error)
    this.#refreshMetadata(error)
  }

  #loseSession(error: KafkaError): void {
    this.#session.reset()
    this.#settings.held.loseAllOf(this.nodeId, error)
  }

  #logFailure({ code, message }: KafkaError): void {
    const details = { nodeId: this.nodeId, code, reason: message }
    this.#settings.cluster.logger.debug('A request of the share consumer failed', details)
  }

  #refreshMetadata({ code }: KafkaError): void {
    this.#settings.cluster.metadata.requestRefresh(`${code} from broker ${this.nodeId} for a share consumer`)
  }

  #backOff(): void {
    const { cluster } = this.#settings
    this.#retryAt = cluster.clock.now() + cluster.backoffMs(++this.#failures)
  }

  /** While an answer is overdue, metadata is asked: the partitions may have got another leader (L20). */
  #watch(ms: number): { cancel(): void } {
    const { clock, metadata } = this.#settings.cluster
    let timer: Timer
    const arm = (wait: number) => {
      timer = clock.setTimer(wait, () => {
        metadata.requestRefresh(`an answer of broker ${this.nodeId} to a share consumer is overdue`)
        arm(overdueMs)
      })
    }
    arm(ms)
    return { cancel: () => timer.cancel() }
  }

  /** Says what there is to say and ends the session, which gives back the rest. Never rejects. */
  async close(deadline: Deadline): Promise<void> {
    this.#isClosing = true
    this.#delay?.cancel()
    try {
      await deadline.race(this.#spoken, () => new KafkaError('CLOSE_TIMEOUT', 'The broker did not answer'))
      if (!this.#session.isNew) await deadline.race(this.#sayLast(deadline), () => this.#lateness())
    } catch (error) {
      this.#logFailure(KafkaError.from(error))
    } finally {
      this.#abort.abort()
      this.#session.reset()
      this.#waiters.finish(Infinity)
    }
  }

  async #sayLast(deadline: Deadline): Promise<void> {
    this.#settings.held.expire()
    const round = this.#beginRound()
    try {
      const timeoutMs = Math.min(this.#settings.cluster.requestTimeoutMs, deadline.remainingMs())
      await this.#sendRound(finalShareEpoch, round, timeoutMs)
    } catch (error) {
      const cause = KafkaError.from(error, 'The last acknowledgements failed', { nodeId: this.nodeId })
      this.#conclude(round.takeAll(), cause)
    } finally {
      this.#isSpeaking = this.#isRoundUnderWay = false
    }
  }

  #lateness(): KafkaError {
    return new KafkaError('CLOSE_TIMEOUT', 'The broker did not end the share session in time', {
      nodeId: this.nodeId,
    })
  }
}

function partitionsIn(round: AcknowledgementRound): SharePartition[] {
  return [...round.parts()].flatMap(({ records }) => records.slice(0, 1).map(({ partition }) => partition))
}
