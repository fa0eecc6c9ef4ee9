import type { StoredRecord } from '../../../src/testing'

/** One message that a producer was asked to send. */
export interface SentMessage {
  readonly id: string
  readonly producer: string
  readonly key: string
  /** Counts the messages of a producer and key. */
  readonly sequence: number
  readonly transaction: Transaction | undefined
  outcome: 'under way' | 'acknowledged' | 'not stored' | 'maybe stored'
  partition: number
  offset: bigint
}

/** What became of one transaction. */
export interface Transaction {
  readonly name: string
  outcome: 'open' | 'committed' | 'aborted' | 'unknown'
}

/** One call of a handler. */
export interface Delivery {
  readonly id: string
  readonly member: string
  readonly partition: number
  readonly offset: bigint
  readonly at: number
}

/** What was sent, what is stored, what was handled; and what must hold between them. */
export class Ledger {
  readonly sent = new Map<string, SentMessage>()
  readonly deliveries: Delivery[] = []
  /** Broken laws that were seen on the way. */
  readonly violations: string[] = []

  open(message: Omit<SentMessage, 'outcome' | 'partition' | 'offset'>): SentMessage {
    const entry: SentMessage = { ...message, outcome: 'under way', partition: -1, offset: -1n }
    this.sent.set(entry.id, entry)
    return entry
  }

  /** Compares with the logs at the end, when everything has come to rest. */
  check(records: readonly StoredRecord[], committed: ReadonlyMap<number, bigint>): void {
    const stored = this.#storedById(records)
    for (const message of this.sent.values()) this.#checkMessage(message, stored.get(message.id) ?? [])
    this.#checkOrder(records)
    this.#checkVisibility(records)
    this.#checkDeliveries(records, committed)
    if (this.violations.length > 0) {
      const shown = this.violations.slice(0, 8).join('\n')
      throw new Error(`${this.violations.length} laws broken:\n${shown}`)
    }
  }

  #storedById(records: readonly StoredRecord[]): Map<string, StoredRecord[]> {
    const stored = new Map<string, StoredRecord[]>()
    for (const record of records) {
      if (record.marker !== undefined) continue
      const id = String(record.value)
      const copies = stored.get(id)
      if (copies === undefined) stored.set(id, [record])
      else copies.push(record)
      if (!this.sent.has(id)) this.violations.push(`L8: ${describe(record)} was never sent`)
    }
    return stored
  }

  #checkMessage(message: SentMessage, copies: readonly StoredRecord[]): void {
    const { id, outcome } = message
    if (outcome === 'under way') this.violations.push(`L11: the promise of ${id} never settled`)
    if (copies.length > 1)
      this.violations.push(`L8: ${id} is stored ${copies.length} times: ${copies.map(describe).join(', ')}`)
    const [copy] = copies
    if (outcome === 'acknowledged') {
      if (copy === undefined) this.violations.push(`L8: ${id} was acknowledged and is not in the log`)
      else if (copy.partition !== message.partition)
        this.violations.push(
          `L9: ${id} was acknowledged in ${message.partition} and lies in ${copy.partition}`,
        )
      else if (message.offset >= 0n && copy.offset !== message.offset)
        this.violations.push(`L8: ${id} was acknowledged at ${message.offset} and lies at ${copy.offset}`)
    }
    // What a transaction dropped may have been written before; its readers never see it.
    if (outcome === 'not stored' && copy !== undefined && message.transaction === undefined) {
      this.violations.push(`L9: ${id} failed as not stored and lies at ${describe(copy)}`)
    }
  }

  /** L7: of one producer and partition, the log has the order of the calls. L9: a key keeps its partition. */
  #checkOrder(records: readonly StoredRecord[]): void {
    const last = new Map<string, SentMessage>()
    const homes = new Map<string, number>()
    for (const record of records) {
      const message = this.sent.get(String(record.value))
      if (message === undefined || record.marker !== undefined) continue
      const key = `${message.producer} ${message.key}`
      const before = last.get(key)
      if (before !== undefined && before.sequence >= message.sequence) {
        this.violations.push(`L7: ${message.id} lies behind ${before.id}`)
      }
      last.set(key, message)
      const home = homes.get(message.key)
      if (home !== undefined && home !== record.partition)
        this.violations.push(`L9: key ${message.key} lies in ${home} and ${record.partition}`)
      homes.set(message.key, record.partition)
    }
  }

  /** L12: a transaction ended as its producer was told, in all partitions alike. */
  #checkVisibility(records: readonly StoredRecord[]): void {
    const ends = new Map<string, Set<string>>()
    const openIn = new Map<string, string[]>()
    for (const record of records) {
      const slot = `${record.partition} ${record.producerId}`
      if (record.marker !== undefined) {
        for (const name of openIn.get(slot) ?? []) {
          const seen = ends.get(name) ?? new Set()
          ends.set(name, seen.add(record.marker))
        }
        openIn.delete(slot)
        continue
      }
      const transaction = this.sent.get(String(record.value))?.transaction
      if (transaction === undefined) continue
      const open = openIn.get(slot) ?? []
      if (!open.includes(transaction.name)) openIn.set(slot, [...open, transaction.name])
    }
    for (const [slot, names] of openIn)
      this.violations.push(`L12: ${names.join(', ')} never ended in ${slot}`)
    for (const [name, markers] of ends) {
      if (markers.size > 1)
        this.violations.push(`L12: ${name} is committed in one partition and aborted in another`)
    }
    for (const { transaction } of this.sent.values()) {
      if (transaction === undefined) continue
      const [marker] = ends.get(transaction.name) ?? []
      if (marker === undefined) continue
      const expected = { committed: 'commit', aborted: 'abort', open: undefined, unknown: undefined }[
        transaction.outcome
      ]
      if (expected !== undefined && expected !== marker) {
        this.violations.push(`L12: ${transaction.name} was ${transaction.outcome}, its marker says ${marker}`)
      }
    }
  }

  #checkDeliveries(records: readonly StoredRecord[], committed: ReadonlyMap<number, bigint>): void {
    const visible = visibleRecords(records)
    const delivered = new Set(this.deliveries.map(({ id }) => id))
    for (const [id, record] of visible) {
      if (!delivered.has(id)) this.violations.push(`L15: ${id} at ${describe(record)} was never handled`)
    }
    for (const { id, member } of this.deliveries) {
      if (!visible.has(id)) this.violations.push(`L18: ${member} was given ${id}, which is not visible`)
    }
    for (const [partition, offset] of committed) {
      const end = records.filter((record) => record.partition === partition).at(-1)?.offset ?? -1n
      if (offset > end + 1n)
        this.violations.push(
          `L15: partition ${partition} is committed at ${offset}, beyond its end ${end + 1n}`,
        )
    }
  }
}

/** What read_committed shows, by message id. */
function visibleRecords(records: readonly StoredRecord[]): Map<string, StoredRecord> {
  const visible = new Map<string, StoredRecord>()
  const pending = new Map<string, StoredRecord[]>()
  for (const record of records) {
    const slot = `${record.partition} ${record.producerId}`
    if (record.marker !== undefined) {
      if (record.marker === 'commit')
        for (const one of pending.get(slot) ?? []) visible.set(String(one.value), one)
      pending.delete(slot)
    } else if (record.isTransactional) pending.set(slot, [...(pending.get(slot) ?? []), record])
    else visible.set(String(record.value), record)
  }
  return visible
}

function describe({ topic, partition, offset }: StoredRecord): string {
  return `${topic}-${partition}@${offset}`
}
