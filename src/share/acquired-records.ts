import { ErrorCode } from '../base/error-codes'
import { BrokerError, InvalidArgumentError, type KafkaError } from '../base/errors'
import { formatTopicPartition } from '../base/topic-partition'
import { acknowledgeCode, type AcknowledgeCode } from './acknowledge-type'
import { type OffsetRun, OffsetRuns } from './offset-runs'
import type { SharePartition } from './share-partition'
import { unsupportedRenewal } from './unsupported-share-groups'

/** Offsets that a member got, with how often they were delivered. */
export interface AcquiredRange {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly deliveryCount: number
}

/** As `AcquiredRange`, counted from the base offset. */
export interface AcquiredRun {
  readonly first: number
  readonly last: number
  readonly deliveryCount: number
}

/** Who sends the acknowledgements of what it got, and is told what can't be sent. */
export interface AcquisitionOwner {
  /** False when the broker can't renew locks. */
  readonly canRenew: boolean
  /** Something waits to be sent. */
  onPending(records: AcquiredRecords): void
  /** Acknowledgements that no broker will be told of. */
  onUnsent(records: AcquiredRecords, runs: readonly OffsetRun[], error: KafkaError): void
}

/** A message whose lock is renewed by its own wish; it moves to where its new lock is. */
export interface RenewableMessage {
  readonly position: number
  moveTo(records: AcquiredRecords, position: number): void
}

/** Who is to know when one record's lock is lost. */
interface LossListener {
  readonly position: number
  readonly call: () => void
}

/** Where acquired records come from, and how long they are held. */
export interface AcquisitionSource {
  readonly partition: SharePartition
  /** The broker that leads the partition, and holds the locks. */
  readonly nodeId: number
  /** When the locks end, of the cluster's clock; Infinity where the broker does not say it. */
  readonly lockedUntil: number
  readonly owner: AcquisitionOwner
}

/**
 * What one answer of a broker let this member have of one partition, and what became of it. Every offset is in one of
 * these places; an acknowledgement counts once the broker has taken it, and only for the lock it was made under:
 *
 *     open ──acknowledge──▶ pending ──sent──▶ in flight ──taken──▶ done
 *       ▲                                        └── a renewal ──▶ open again, under a new lock
 *       └── everything is lost at once when the locks end: by time, with the broker's session, with its leadership
 */
export class AcquiredRecords {
  readonly partition: SharePartition
  readonly nodeId: number
  /** All positions count from here. */
  readonly baseOffset: bigint
  /** Ordered and without overlaps. */
  readonly runs: readonly AcquiredRun[]
  lockedUntil: number
  readonly #owner: AcquisitionOwner
  readonly #open = new OffsetRuns()
  readonly #pending = new OffsetRuns()
  #inFlight: readonly OffsetRun[] = []
  /** Those that wait for the answer to their own renewal; the others are renewed with the whole. */
  readonly #renewing = new Map<number, RenewableMessage>()
  #loss: KafkaError | undefined
  /** Offsets that other locks hold by now, and the error of what is said of them here. */
  #superseded: { readonly runs: OffsetRuns; readonly error: KafkaError } | undefined
  #onLost: Set<LossListener> | undefined

  constructor(ranges: readonly AcquiredRange[], source: AcquisitionSource) {
    this.partition = source.partition
    this.nodeId = source.nodeId
    this.lockedUntil = source.lockedUntil
    this.#owner = source.owner
    this.baseOffset = ranges.reduce(
      (least, { firstOffset }) => (firstOffset < least ? firstOffset : least),
      ranges[0]?.firstOffset ?? 0n,
    )
    this.runs = runsOf(ranges, this.baseOffset)
    for (const { first, last } of this.runs) this.#open.set(first, last, 0)
  }

  /** Why nothing of it is held any more. */
  get loss(): KafkaError | undefined {
    return this.#loss
  }

  /** Why this one is held no longer, or not under these locks. */
  lossOf(position: number): KafkaError | undefined {
    if (this.#loss !== undefined) return this.#loss
    return this.#superseded?.runs.codeOf(position) === undefined ? undefined : this.#superseded.error
  }

  /** Nothing is left to do about it. */
  get isFinished(): boolean {
    return this.#open.isEmpty && this.#pending.isEmpty && this.#inFlight.length === 0
  }

  get hasPending(): boolean {
    return !this.#pending.isEmpty
  }

  /** A renewal is part of what waits to be sent: it can't go with a fetch. */
  get hasPendingRenewals(): boolean {
    return this.#pending.list().some(({ code }) => code === acknowledgeCode.renew)
  }

  /** Offsets that the broker still holds for this member, as far as is known. */
  get heldCount(): number {
    const sent = this.#inFlight.reduce((sum, { first, last }) => sum + last - first + 1, 0)
    return this.#open.count + this.#pending.count + sent
  }

  /** Offsets whose end waits to be sent. */
  get pendingCount(): number {
    return this.#pending.count
  }

  /** Offsets of which something final was said that the broker has not confirmed. */
  get concludedCount(): number {
    let count = 0
    for (const { first, last, code } of [...this.#pending.list(), ...this.#inFlight]) {
      if (code !== acknowledgeCode.renew) count += last - first + 1
    }
    return count
  }

  offsetOf(position: number): bigint {
    return this.baseOffset + BigInt(position)
  }

  /**
   * What a message's owner says of it. Throws InvalidArgumentError when it has been said and sent before.
   * @returns false for a renewal that the broker does not know: then nothing was said
   */
  acknowledge(message: RenewableMessage, code: AcknowledgeCode): boolean {
    const { position } = message
    if (this.#isBeyondChange(position)) {
      throw new InvalidArgumentError(
        `The message at offset ${this.offsetOf(position)} of ${formatTopicPartition(this.partition)} has been acknowledged before`,
      )
    }
    if (code === acknowledgeCode.renew && !this.#owner.canRenew) {
      this.#owner.onUnsent(this, [{ first: position, last: position, code }], unsupportedRenewal())
      return false
    }
    this.acknowledgeRun(position, position, code)
    if (code === acknowledgeCode.renew && this.lossOf(position) === undefined) {
      this.#renewing.set(position, message)
    }
    return true
  }

  #isBeyondChange(position: number): boolean {
    if (this.lossOf(position) !== undefined) return false
    return this.#open.codeOf(position) === undefined && this.#pending.codeOf(position) === undefined
      ? !this.#inFlight.some(
          ({ first, last, code }) => code === acknowledgeCode.renew && first <= position && position <= last,
        )
      : false
  }

  /** The same of several neighbours, all of which were acquired and are not finished. */
  acknowledgeRun(first: number, last: number, code: AcknowledgeCode): void {
    if (this.#loss !== undefined) return this.#owner.onUnsent(this, [{ first, last, code }], this.#loss)
    this.#open.delete(first, last)
    this.#pending.set(first, last, code)
    this.#takeBackSuperseded(first, last)
    if (!this.#pending.isEmpty) this.#owner.onPending(this)
  }

  /** What was said of offsets that other locks hold must not reach those. */
  #takeBackSuperseded(first: number, last: number): void {
    if (this.#superseded === undefined) return
    const { runs, error } = this.#superseded
    for (const run of runs.list()) {
      if (run.last < first || run.first > last) continue
      const unsent = this.#pending.delete(Math.max(first, run.first), Math.min(last, run.last))
      if (unsent.length > 0) this.#owner.onUnsent(this, unsent, error)
    }
  }

  /** Asks for new locks for all that nothing was said of; answers whether there is any. */
  renewOpen(): boolean {
    const runs = [...this.#open.list()]
    if (runs.length === 0 || this.#loss !== undefined || !this.#owner.canRenew) return false
    for (const { first, last } of runs) this.#pending.set(first, last, acknowledgeCode.renew)
    this.#open.takeAll()
    this.#owner.onPending(this)
    return true
  }

  /** What is to be sent now; it is in flight from here on until `settle`. */
  takePending(): readonly OffsetRun[] {
    this.#inFlight = this.#pending.takeAll()
    return this.#inFlight
  }

  /** What was in flight goes back to what waits to be sent; what was said since then counts. */
  putBack(): void {
    const inFlight = this.#inFlight
    this.#inFlight = []
    if (inFlight.length === 0) return
    if (this.#loss !== undefined) return this.#owner.onUnsent(this, inFlight, this.#loss)
    const later = this.#pending.takeAll()
    for (const { first, last, code } of [...inFlight, ...later]) this.#pending.set(first, last, code)
    this.#owner.onPending(this)
  }

  /**
   * The answer to what was in flight came, or will not come. Renewed records are open again: a message that asked for
   * itself gets a lock of its own, as at the broker.
   * @param lockedUntil the end of locks that are renewed now
   * @returns what was in flight, and the records with locks of their own
   */
  settle(
    error: KafkaError | undefined,
    lockedUntil: number,
  ): { runs: readonly OffsetRun[]; renewed: AcquiredRecords[] } {
    const runs = this.#inFlight
    this.#inFlight = []
    const renewed: AcquiredRecords[] = []
    for (const run of runs) {
      if (run.code !== acknowledgeCode.renew) continue
      if (error === undefined) this.#renew(run, lockedUntil, renewed)
      else this.#fail(run, error)
    }
    return { runs, renewed }
  }

  #renew({ first, last }: OffsetRun, lockedUntil: number, renewed: AcquiredRecords[]): void {
    for (let position = first; position <= last; position++) {
      const message = this.#renewing.get(position)
      if (message === undefined) {
        this.lockedUntil = lockedUntil
        if (this.#pending.codeOf(position) === undefined) this.#open.set(position, position, 0)
        continue
      }
      this.#renewing.delete(position)
      const own = this.#split(position, lockedUntil)
      renewed.push(own)
      message.moveTo(own, 0)
      // Something final may have been said of it meanwhile: that counts under the new lock.
      const [said] = this.#pending.delete(position, position)
      if (said !== undefined) own.acknowledgeRun(0, 0, said.code as AcknowledgeCode)
    }
  }

  #split(position: number, lockedUntil: number): AcquiredRecords {
    const offset = this.offsetOf(position)
    const deliveryCount =
      this.runs.find(({ first, last }) => first <= position && position <= last)?.deliveryCount ?? 1
    const { partition, nodeId } = this
    const ranges = [{ firstOffset: offset, lastOffset: offset, deliveryCount }]
    return new AcquiredRecords(ranges, { partition, nodeId, lockedUntil, owner: this.#owner })
  }

  /** A renewal was refused. What is only renewed with the whole stays open for as long as its lock lasts. */
  #fail({ first, last }: OffsetRun, error: KafkaError): void {
    for (let position = first; position <= last; position++) {
      const message = this.#renewing.get(position)
      if (message === undefined) {
        if (this.#pending.codeOf(position) === undefined) this.#open.set(position, position, 0)
        continue
      }
      this.#part(position, message, error)
    }
  }

  /** The message's lock is lost, and with it what was said under it; the others stay. */
  #part(position: number, message: RenewableMessage, error: KafkaError): void {
    this.#renewing.delete(position)
    const own = this.#split(position, this.lockedUntil)
    const [said] = this.#pending.delete(position, position)
    if (said !== undefined) own.acknowledgeRun(0, 0, said.code as AcknowledgeCode)
    own.lose(error)
    message.moveTo(own, 0)
  }

  /** Other locks hold these offsets now: what was said under the old ones must not reach them. */
  supersede(firstOffset: bigint, lastOffset: bigint, error: KafkaError): void {
    const first = Number(firstOffset - this.baseOffset)
    const last = Number(lastOffset - this.baseOffset)
    const unsent = this.#pending.delete(first, last)
    const ended = [...this.#open.delete(first, last), ...unsent]
    if (ended.length > 0) {
      this.#superseded ??= { runs: new OffsetRuns(), error }
      for (const run of ended) this.#superseded.runs.set(run.first, run.last, 0)
    }
    if (unsent.length > 0) this.#owner.onUnsent(this, unsent, error)
    for (const [position, message] of this.#renewing) {
      if (first <= position && position <= last) this.#part(position, message, error)
    }
    this.#tellOfLosses()
  }

  /** True while the offset is held, and nothing was said of it. */
  isOpen(position: number): boolean {
    return this.#loss === undefined && this.#open.codeOf(position) !== undefined
  }

  /** True while the offset's lock is being renewed with the whole. */
  isRenewing(position: number): boolean {
    if (this.#loss !== undefined) return false
    const isAsked = ({ first, last, code }: OffsetRun) =>
      code === acknowledgeCode.renew && first <= position && position <= last
    return this.#inFlight.some(isAsked) || this.#pending.codeOf(position) === acknowledgeCode.renew
  }

  /** The locks are gone: nothing of it may be handed out, and what waits to be sent never will be. */
  lose(error: KafkaError): void {
    if (this.#loss !== undefined) return
    this.#loss = error
    this.#open.takeAll()
    const renewing = [...this.#renewing.values()]
    this.#renewing.clear()
    const unsent = this.#pending.takeAll()
    if (unsent.length > 0) this.#owner.onUnsent(this, unsent, error)
    for (const message of renewing) message.moveTo(this, message.position)
    this.#tellOfLosses()
  }

  /** Calls the listener when the lock of this record is lost, at once when it is; returns what ends it. */
  onLost(position: number, call: () => void): () => void {
    if (this.lossOf(position) !== undefined) {
      call()
      return () => undefined
    }
    const listener = { position, call }
    const listeners = (this.#onLost ??= new Set())
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  #tellOfLosses(): void {
    for (const listener of [...(this.#onLost ?? [])]) {
      if (this.lossOf(listener.position) === undefined) continue
      this.#onLost?.delete(listener)
      listener.call()
    }
  }
}

/** The error of acknowledgements whose locks are over, as the broker would answer. */
export function lockOver(partition: SharePartition, what: string): KafkaError {
  const { topic, partition: index } = partition
  return new BrokerError(ErrorCode.INVALID_RECORD_STATE, what, { topic, partition: index })
}

/** In order, each offset once: a broker that names one twice must not make us deliver it twice. */
function runsOf(ranges: readonly AcquiredRange[], baseOffset: bigint): AcquiredRun[] {
  const ordered = [...ranges].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  const runs: AcquiredRun[] = []
  let next = 0
  for (const { firstOffset, lastOffset, deliveryCount } of ordered) {
    const first = Math.max(next, Number(firstOffset - baseOffset))
    const last = Number(lastOffset - baseOffset)
    if (last < first) continue
    runs.push({ first, last, deliveryCount })
    next = last + 1
  }
  return runs
}
