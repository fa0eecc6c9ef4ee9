import type { AcknowledgementResult, ShareMessage } from '../../../src'
import type { StoredRecord } from '../../../src/testing'

/** What is to become of a record; its value begins with it. */
export type Fate = 'plain' | 'poison' | 'reject'

/** One call of a handler. */
interface Handling {
  readonly member: string
  readonly at: number
  isOpen: boolean
}

/** What is known of one record. */
interface Entry {
  readonly handlings: Handling[]
  /** Somebody said that it is done, and the broker may have taken it. */
  isAcceptedMaybe: boolean
  /** What the broker took for good, and from whom. */
  readonly ends: string[]
}

/** What the members of a share group were given, what they said of it and what the brokers took; and what must hold. */
export class ShareLedger {
  readonly violations: string[] = []
  /** Acknowledgements by what became of them; a run in which none failed tested little. */
  readonly outcomes = new Map<string, number>()
  readonly #limit: number
  readonly #entries = new Map<string, Entry>()
  /** From then on nothing takes a lock away before its time. */
  #calmAt = Infinity

  /** @param limit the group's `share.delivery.count.limit` */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Faults, and what they leave behind, are over. */
  setCalm(at: number): void {
    this.#calmAt = at
  }

  /** A handler is called; what it gives back is called when it has come to its end. */
  begin(member: string, message: ShareMessage, at: number): () => void {
    const key = `${message.partition}@${message.offset}`
    const entry = this.#entry(key)
    const name = `${member} was given ${key} for time ${message.deliveryCount}`
    if (message.deliveryCount < 1 || message.deliveryCount > this.#limit) {
      this.violations.push(`S1: ${name}, and ${this.#limit} is the limit`)
    }
    // A member whose connection was cut does not know at once that its locks are over, and works on.
    if (entry.ends.length > 0 && at >= this.#calmAt) {
      this.violations.push(`S1: ${name} after ${entry.ends.join(' and ')}`)
    }
    for (const other of entry.handlings) {
      if (other.isOpen && other.at >= this.#calmAt) {
        this.violations.push(`S1: ${name} while ${other.member} holds its lock`)
      }
    }
    const handling = { member, at, isOpen: true }
    entry.handlings.push(handling)
    return () => (handling.isOpen = false)
  }

  /** What brokers said of a member's acknowledgements. */
  note(member: string, results: readonly AcknowledgementResult[]): void {
    for (const { partition, ranges, error } of results) {
      for (const { firstOffset, lastOffset, type } of ranges) {
        for (let offset = firstOffset; offset <= lastOffset; offset++) {
          this.#noteOne(`${partition}@${offset}`, member, type, error?.code)
        }
      }
    }
  }

  #noteOne(key: string, member: string, type: string, code: string | undefined): void {
    const outcome = `${type} ${code ?? 'taken'}`
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
    const entry = this.#entry(key)
    if (type === 'accept') entry.isAcceptedMaybe ||= code !== 'INVALID_RECORD_STATE'
    if (code !== undefined || (type !== 'accept' && type !== 'reject')) return
    entry.ends.push(`${member}'s ${type} was taken`)
    if (entry.ends.length > 1) this.violations.push(`S1: of ${key} ${entry.ends.join(' and ')}`)
  }

  /** At the end, when everything has come to rest: nothing was lost, and nothing was done that was not to be. */
  check(records: readonly StoredRecord[], lags: readonly bigint[]): void {
    for (const [partition, lag] of lags.entries()) {
      if (lag !== 0n) this.violations.push(`S1: ${lag} records of partition ${partition} are not done`)
    }
    for (const { partition, offset, value } of records) {
      const key = `${partition}@${offset}`
      const entry = this.#entries.get(key)
      const isPlain = fateOf(String(value)) === 'plain'
      if (entry === undefined) this.violations.push(`S1: ${key} was handed out to nobody`)
      else if (isPlain && !entry.isAcceptedMaybe) this.violations.push(`S1: ${key} was accepted by nobody`)
      else if (!isPlain && entry.isAcceptedMaybe) this.violations.push(`S1: ${key} was accepted`)
    }
    if (this.violations.length === 0) return
    throw new Error(`${this.violations.length} rules broken:\n${this.violations.slice(0, 8).join('\n')}`)
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { handlings: [], isAcceptedMaybe: false, ends: [] }
      this.#entries.set(key, entry)
    }
    return entry
  }
}

/** What is to become of a record of this value. */
export function fateOf(value: string): Fate {
  return value.split('-')[0] as Fate
}
