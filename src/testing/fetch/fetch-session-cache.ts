import type { FetchPartition } from './fetch-partition'
import { FetchSession } from './fetch-session'

/** A session that was not used for so long gives its place to any other; one so old to a larger one. */
const evictionMs = 120_000

/** What decides about the sessions of a broker. */
export interface FetchSessionCacheOptions {
  /** `max.incremental.fetch.session.cache.slots`, read anew for each use. */
  readonly slots: () => number
  readonly now: () => number
  readonly random: () => number
}

/** The fetch sessions of one broker (KIP-227). They live in its memory: a restarted broker knows none. */
export class FetchSessionCache {
  readonly #options: FetchSessionCacheOptions
  /** The one that was used least recently comes first. */
  readonly #sessions = new Map<number, FetchSession>()

  constructor(options: FetchSessionCacheOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#sessions.size
  }

  get(id: number): FetchSession | undefined {
    return this.#sessions.get(id)
  }

  /** Makes a session, unless all places are taken by sessions that are worth more. */
  create(partitions: readonly FetchPartition[], usesTopicIds: boolean): FetchSession | undefined {
    const now = this.#options.now()
    const slots = this.#options.slots()
    if (this.#sessions.size >= slots && !this.#evictFor(partitions.length, now)) return undefined
    const session = new FetchSession(this.#newId(), usesTopicIds, now, partitions)
    this.#sessions.set(session.id, session)
    return session
  }

  remove(id: number): void {
    this.#sessions.delete(id)
  }

  /** Notes that a session was used. */
  touch(session: FetchSession): void {
    if (!this.#sessions.delete(session.id)) return
    session.lastUsedAt = this.#options.now()
    this.#sessions.set(session.id, session)
  }

  #evictFor(size: number, now: number): boolean {
    const oldest = this.#sessions.values().next().value
    if (oldest === undefined) return false
    if (now - oldest.lastUsedAt > evictionMs) {
      this.remove(oldest.id)
      return true
    }
    let smallest: FetchSession | undefined
    for (const session of this.#sessions.values()) {
      if (now - session.createdAt <= evictionMs || session.size >= size) continue
      if (smallest === undefined || session.size < smallest.size) smallest = session
    }
    if (smallest === undefined) return false
    this.remove(smallest.id)
    return true
  }

  #newId(): number {
    for (;;) {
      const id = 1 + Math.floor(this.#options.random() * 0x7ffffffe)
      if (!this.#sessions.has(id)) return id
    }
  }
}
