import { join } from 'node:path'
import { MemberProcess } from '../member-process'
import { readLedger } from './churn-ledger'
import type { ChurnMode } from './churn-modes'
import type { ChurnWorkerOptions, ChurnWorkerReport } from './churn-worker'
import type { MemberRecord } from './holding'

/** A member of the group that is or was. */
export interface ChurnMember {
  readonly process: MemberProcess<ChurnWorkerReport>
  readonly slot: string
  readonly ledger: string
  /** Why it ended by itself, in codes. */
  readonly ends: string[]
  replacedAt: number | undefined
}

export interface ChurnGroupOptions {
  readonly brokers: readonly string[]
  readonly groupId: string
  readonly topic: string
  readonly mode: ChurnMode
  readonly sessionTimeoutMs: number
  /** Where ledgers are kept. */
  readonly folder: string
  readonly log: (line: string) => void
}

/** The members of one group, and what happens to them. Processes start ahead of their need, which costs no session. */
export class ChurnGroup {
  /** Those that are in the group, frozen or not. */
  readonly members: ChurnMember[] = []
  readonly options: ChurnGroupOptions
  readonly #all: ChurnMember[] = []
  #count = 0
  #slots = 0

  constructor(options: ChurnGroupOptions) {
    this.options = options
  }

  get awake(): ChurnMember[] {
    return this.members.filter(({ process }) => !process.isFrozen)
  }

  /** A program that runs and waits for its turn. */
  async prepare(slot = `slot-${this.#slots++}`): Promise<ChurnMember> {
    const { brokers, groupId, topic, mode, sessionTimeoutMs, folder } = this.options
    const name = `member-${this.#count++}`
    const ledger = join(folder, `${name}.ledger`)
    const options: ChurnWorkerOptions = { brokers, groupId, topic, mode, slot, sessionTimeoutMs, ledger }
    const ends: string[] = []
    const process = new MemberProcess<ChurnWorkerReport>(
      name,
      'test/kafka/support/churn/churn-worker.ts',
      options,
      (report) => report.kind === 'ended' && ends.push(report.code),
    )
    const member: ChurnMember = { process, slot, ledger, ends, replacedAt: undefined }
    this.#all.push(member)
    void process.exited.then(() => this.#remove(member))
    await process.ready()
    return member
  }

  async join(prepared?: ChurnMember): Promise<ChurnMember> {
    const member = prepared ?? (await this.prepare())
    this.#log(member, 'joins')
    this.members.push(member)
    member.process.tell('join')
    return member
  }

  async leave(member: ChurnMember): Promise<void> {
    this.#log(member, 'leaves')
    this.#remove(member)
    await member.process.leave()
  }

  async kill(member: ChurnMember): Promise<void> {
    this.#log(member, 'is killed')
    this.#remove(member)
    await member.process.kill()
  }

  async freeze(member: ChurnMember, ms: number): Promise<void> {
    this.#log(member, `freezes for ${Math.round(ms)} ms`)
    await member.process.freeze(ms)
    this.#log(member, 'wakes up')
  }

  /** Ends it, in order or not, and starts another one in its place at once. */
  async restart(member: ChurnMember, how: 'leave' | 'kill'): Promise<ChurnMember> {
    const next = await this.prepare(member.slot)
    await this[how](member)
    return await this.join(next)
  }

  /** Waits until the members have partitions. @throws when they have none in half a minute */
  async assigned(...members: readonly ChurnMember[]): Promise<void> {
    const hasPartitions = ({ ledger }: ChurnMember) => readLedger(ledger).some(({ kind }) => kind === 'a')
    for (let waitedMs = 0; !members.every(hasPartitions); waitedMs += 50) {
      if (waitedMs > 30_000) throw new Error('A member has no partitions')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /**
   * Starts another one in its place while it stands still: when it wakes up it finds itself fenced, and ends. Waits for
   * that end, for a while.
   */
  async replaceFrozen(member: ChurnMember, ms: number): Promise<void> {
    const next = await this.prepare(member.slot)
    const frozen = this.freeze(member, ms)
    member.replacedAt = Date.now()
    await this.join(next)
    await frozen
    await Promise.race([member.process.exited, new Promise((resolve) => setTimeout(resolve, 10_000))])
  }

  /** How members ended by themselves. */
  ends(): { readonly name: string; readonly code: string; readonly wasReplaced: boolean }[] {
    return this.#all.flatMap(({ process, ends, replacedAt }) =>
      ends.map((code) => ({ name: process.name, code, wasReplaced: replacedAt !== undefined })),
    )
  }

  /** What all of them have written; only of those that have joined. */
  records(): MemberRecord[] {
    return this.#all.map(({ process, slot, ledger, replacedAt }) => ({
      name: process.name,
      slot,
      entries: readLedger(ledger),
      freezes: process.freezes,
      killedAt: process.killedAt,
      replacedAt,
    }))
  }

  /** Kills whoever is left. */
  async end(): Promise<void> {
    await Promise.all(this.#all.map(({ process }) => process.kill()))
  }

  #remove(member: ChurnMember): void {
    const index = this.members.indexOf(member)
    if (index >= 0) this.members.splice(index, 1)
  }

  #log({ process, slot }: ChurnMember, what: string): void {
    this.options.log(`${process.name} (${slot}) ${what}`)
  }
}
