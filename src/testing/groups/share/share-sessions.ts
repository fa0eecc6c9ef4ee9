import { fail } from '../../contracts/kafka-failure'
import type { RequestContext } from '../../contracts/api-handler'
import type { Services } from '../../contracts/services'

/** Epochs of a share session besides those in between. */
export const shareSessionEpochs = { open: 0, close: -1, highest: 0x7fffffff } as const

/** A partition by topic id and index. */
export interface SharePartitionRef {
  readonly topicId: string
  readonly partition: number
}

/** What a member fetches from one broker; kept between its requests. */
export interface ShareSession {
  readonly groupId: string
  readonly memberId: string
  /** In the order they came; true while a partition is new and must be answered although it is empty. */
  readonly partitions: Map<string, { readonly ref: SharePartitionRef; isNew: boolean }>
  /** The one that the next request must have. */
  epoch: number
  /** No longer listens to the end of its connection. */
  readonly unlink: () => void
}

/** The share sessions of all brokers (KIP-932). A session ends with its connection, and gives its records back. */
export class ShareSessions {
  readonly #services: Services
  readonly #release: (session: ShareSession, brokerId: number) => void
  readonly #byBroker = new Map<number, Map<string, ShareSession>>()

  constructor(services: Services, release: (session: ShareSession, brokerId: number) => void) {
    this.#services = services
    this.#release = release
  }

  /** Opens a session in the place of one there may be. @throws SHARE_SESSION_LIMIT_REACHED */
  open(
    context: RequestContext,
    groupId: string,
    memberId: string,
    refs: readonly SharePartitionRef[],
  ): ShareSession {
    const sessions = this.#of(context)
    const key = keyOf(groupId, memberId)
    this.#forget(sessions, key)
    const limit = this.#services.configs.brokerNumber('group.share.max.share.sessions')
    if (sessions.size >= limit) throw fail('SHARE_SESSION_LIMIT_REACHED')
    const { ended } = context.session
    const onEnd = (): void => this.close(context, session)
    const unlink = (): void => ended.removeEventListener('abort', onEnd)
    const session: ShareSession = { groupId, memberId, partitions: new Map(), epoch: 1, unlink }
    addPartitions(session, refs, false)
    sessions.set(key, session)
    ended.addEventListener('abort', onEnd, { once: true })
    if (ended.aborted) onEnd()
    return session
  }

  /** @throws SHARE_SESSION_NOT_FOUND */
  require(context: RequestContext, groupId: string, memberId: string): ShareSession {
    const session = this.#of(context).get(keyOf(groupId, memberId))
    if (session === undefined) throw fail('SHARE_SESSION_NOT_FOUND')
    return session
  }

  /** The session that a request with this epoch goes on with. @throws SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH */
  proceed(context: RequestContext, groupId: string, memberId: string, epoch: number): ShareSession {
    const session = this.require(context, groupId, memberId)
    if (session.epoch !== epoch) throw fail('INVALID_SHARE_SESSION_EPOCH')
    session.epoch = epoch === shareSessionEpochs.highest ? 1 : epoch + 1
    return session
  }

  /** Ends a session and gives back what its member holds. */
  close(context: RequestContext, session: ShareSession): void {
    this.#forget(this.#of(context), keyOf(session.groupId, session.memberId))
    this.#release(session, context.broker.id)
  }

  /** What the member of a session that gives way to another one holds stays held. */
  #forget(sessions: Map<string, ShareSession>, key: string): void {
    sessions.get(key)?.unlink()
    sessions.delete(key)
  }

  #of({ broker }: RequestContext): Map<string, ShareSession> {
    let sessions = this.#byBroker.get(broker.id)
    if (sessions === undefined) this.#byBroker.set(broker.id, (sessions = new Map()))
    return sessions
  }
}

/** Adds partitions that a session does not have yet. */
export function addPartitions(
  session: ShareSession,
  refs: readonly SharePartitionRef[],
  areNew: boolean,
): void {
  for (const ref of refs) {
    const key = `${ref.topicId}:${ref.partition}`
    if (!session.partitions.has(key)) session.partitions.set(key, { ref, isNew: areNew })
  }
}

/** Takes partitions out of a session. */
export function forgetPartitions(session: ShareSession, refs: readonly SharePartitionRef[]): void {
  for (const { topicId, partition } of refs) session.partitions.delete(`${topicId}:${partition}`)
}

function keyOf(groupId: string, memberId: string): string {
  return JSON.stringify([groupId, memberId])
}
