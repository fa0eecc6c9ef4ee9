import { ErrorCode } from '../../../base/error-codes'
import { fail } from '../../contracts/kafka-failure'
import { ClassicMember } from './classic-member'

/**
 * The members of one classic group in the order they came: who leads, who is static, which protocols all of them know,
 * and whom the group still waits for. Knows nothing of states and time.
 */
export class ClassicMembers {
  readonly #members = new Map<string, ClassicMember>()
  readonly #idByInstance = new Map<string, string>()
  /** Ids that were given out with MEMBER_ID_REQUIRED and have not come back. */
  readonly pendingJoin = new Set<string>()
  /** Members whose SyncGroup of this generation has not come. */
  readonly pendingSync = new Set<string>()
  #leaderId: string | null = null

  get size(): number {
    return this.#members.size
  }

  get all(): readonly ClassicMember[] {
    return [...this.#members.values()]
  }

  get leaderId(): string | null {
    return this.#leaderId
  }

  /** The longest of the members'. */
  get rebalanceTimeoutMs(): number {
    return Math.max(0, ...this.all.map((member) => member.rebalanceTimeoutMs))
  }

  get awaitingJoin(): number {
    return this.all.filter((member) => member.awaitsJoin).length
  }

  /** True when nobody has to be waited for to go on with the next generation. */
  get haveAllJoined(): boolean {
    return this.pendingJoin.size === 0 && this.all.every((member) => member.awaitsJoin)
  }

  get(memberId: string): ClassicMember | undefined {
    return this.#members.get(memberId)
  }

  has(memberId: string): boolean {
    return this.#members.has(memberId)
  }

  isLeader(memberId: string): boolean {
    return this.#leaderId === memberId
  }

  /** The id that a static member has now. */
  idOfInstance(groupInstanceId: string): string | undefined {
    return this.#idByInstance.get(groupInstanceId)
  }

  add(member: ClassicMember): void {
    if (member.groupInstanceId !== null) this.#idByInstance.set(member.groupInstanceId, member.memberId)
    this.#leaderId ??= member.memberId
    this.#members.set(member.memberId, member)
    this.pendingJoin.delete(member.memberId)
  }

  remove(memberId: string): void {
    const member = this.#members.get(memberId)
    this.#members.delete(memberId)
    if (member !== undefined && member.groupInstanceId !== null) {
      this.#idByInstance.delete(member.groupInstanceId)
    }
    if (this.isLeader(memberId)) this.#leaderId = this.all[0]?.memberId ?? null
    this.pendingJoin.delete(memberId)
    this.pendingSync.delete(memberId)
  }

  /**
   * Gives a static member that came back without its id another one (KIP-345). Whoever still waits under the old id
   * is a duplicate and fenced.
   */
  replaceStatic(old: ClassicMember, newMemberId: string): ClassicMember {
    const errorCode = ErrorCode.FENCED_INSTANCE_ID
    old.answerJoin({ errorCode, memberId: old.memberId, protocolName: null, leader: '', members: [] })
    old.answerSync({ errorCode, assignment: Buffer.alloc(0) })
    const replacement = new ClassicMember({ ...old.toSpec(), memberId: newMemberId })
    this.#members.delete(old.memberId)
    this.#members.set(newMemberId, replacement)
    if (this.isLeader(old.memberId)) this.#leaderId = newMemberId
    if (old.groupInstanceId !== null) this.#idByInstance.set(old.groupInstanceId, newMemberId)
    return replacement
  }

  /** Keeps the leader if it rejoined, else makes one who did the leader; false when nobody did. */
  electJoinedLeader(): boolean {
    if (this.#leaderId === null) return false
    if (this.get(this.#leaderId)?.awaitsJoin === true) return true
    const joined = this.all.find((member) => member.awaitsJoin)
    if (joined === undefined) return false
    this.#leaderId = joined.memberId
    return true
  }

  /** The names that all members know. */
  commonProtocols(): ReadonlySet<string> {
    const [first, ...others] = this.all
    const names = (first?.protocols ?? []).map((protocol) => protocol.name)
    return new Set(names.filter((name) => others.every((o) => o.protocols.some((p) => p.name === name))))
  }

  /** The name with the most first choices among those all know; null for an empty group. */
  selectProtocol(): string | null {
    const candidates = this.commonProtocols()
    const votes = new Map<string, number>()
    for (const member of this.all) {
      const choice = member.vote(candidates)
      if (choice !== undefined) votes.set(choice, (votes.get(choice) ?? 0) + 1)
    }
    let selected: string | null = null
    for (const [name, count] of votes) {
      if (selected === null || count > (votes.get(selected) ?? 0)) selected = name
    }
    return selected
  }

  /**
   * The member that a request speaks for.
   * @throws UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID when the static member has another id by now
   */
  require(memberId: string, groupInstanceId: string | null): ClassicMember {
    if (groupInstanceId !== null) {
      const current = this.#idByInstance.get(groupInstanceId)
      if (current === undefined) throw fail('UNKNOWN_MEMBER_ID')
      if (current !== memberId) throw fail('FENCED_INSTANCE_ID')
    }
    const member = this.#members.get(memberId)
    if (member === undefined) throw fail('UNKNOWN_MEMBER_ID')
    return member
  }

  clear(): void {
    this.#members.clear()
    this.#idByInstance.clear()
    this.pendingJoin.clear()
    this.pendingSync.clear()
    this.#leaderId = null
  }

  /** Names the leader of a group that is loaded; ignored when it is no member. */
  setLeader(memberId: string | null): void {
    if (memberId !== null && this.has(memberId)) this.#leaderId = memberId
  }
}
