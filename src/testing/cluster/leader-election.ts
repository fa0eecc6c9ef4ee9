import { fail } from '../contracts/kafka-failure'

/** What the controller chose: who leads, and who is in sync with it. */
export interface Election {
  /** -1 when nobody can. */
  readonly leaderId: number
  readonly inSyncReplicas: readonly number[]
  /** True when the new leader was not in sync: records that only the others have are lost. */
  readonly isUnclean: boolean
}

/** What the controller knows when it elects. */
export interface ElectionState {
  /** In their order of preference. */
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
  /** Registered and not fenced. */
  readonly canLead: (brokerId: number) => boolean
  /** `unclean.leader.election.enable` of the topic. */
  readonly allowUnclean: boolean
}

/**
 * The first replica in the order of preference that is in sync and alive; without one, and only where the topic allows
 * it, the first that is alive. When nobody can lead, the in-sync set stays: its members have all that was acknowledged.
 */
export function electLeader(state: ElectionState): Election {
  const { replicas, inSyncReplicas, canLead } = state
  const inSync = replicas.find((id) => inSyncReplicas.includes(id) && canLead(id))
  if (inSync !== undefined) return { leaderId: inSync, inSyncReplicas, isUnclean: false }
  const any = state.allowUnclean ? replicas.find(canLead) : undefined
  if (any !== undefined) return { leaderId: any, inSyncReplicas: [any], isUnclean: true }
  return { leaderId: -1, inSyncReplicas, isUnclean: false }
}

/** The in-sync set without those that the controller fenced; never empty, since the last member has the records. */
export function withoutFenced(
  inSyncReplicas: readonly number[],
  leaderId: number,
  isFenced: (brokerId: number) => boolean,
): readonly number[] {
  const rest = inSyncReplicas.filter((id) => !isFenced(id))
  if (rest.length === inSyncReplicas.length) return inSyncReplicas
  if (rest.length > 0) return rest
  return [inSyncReplicas.includes(leaderId) ? leaderId : (inSyncReplicas[0] as number)]
}

/**
 * An election that somebody asked for: of the first replica (`preferred`), or of any living one (`unclean`).
 * @throws ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE in Kafka's words
 */
export function electOnRequest(
  type: 'preferred' | 'unclean',
  state: ElectionState,
  leaderId: number,
): Election {
  const { replicas, inSyncReplicas, canLead } = state
  const preferred = replicas[0] as number
  if (type === 'preferred' ? leaderId === preferred : leaderId !== -1) {
    throw fail('ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.')
  }
  if (type === 'preferred') {
    if (inSyncReplicas.includes(preferred) && canLead(preferred)) {
      return { leaderId: preferred, inSyncReplicas, isUnclean: false }
    }
    throw fail('PREFERRED_LEADER_NOT_AVAILABLE', 'The preferred leader was not available.')
  }
  const election = electLeader({ ...state, allowUnclean: true })
  if (election.leaderId !== -1) return election
  throw fail('ELIGIBLE_LEADERS_NOT_AVAILABLE', 'Eligible topic partition leaders are not available.')
}
