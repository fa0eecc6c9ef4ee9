import { fail } from '../contracts/kafka-failure'

/** A change of replicas that is under way. */
export interface Reassignment {
  /** The replicas there will be. */
  readonly target: readonly number[]
  readonly adding: readonly number[]
  readonly removing: readonly number[]
}

/** What has to be added and removed to come from `current` to `target`. */
export function planReassignment(current: readonly number[], target: readonly number[]): Reassignment {
  return {
    target,
    adding: target.filter((id) => !current.includes(id)),
    removing: current.filter((id) => !target.includes(id)),
  }
}

/** The replicas while a reassignment is under way: the new ones first, then those that will go. */
export function replicasDuring({ target, removing }: Reassignment): readonly number[] {
  return [...target, ...removing]
}

/** @throws INVALID_REPLICA_ASSIGNMENT in the controller's words. */
export function checkReplicas(
  replicas: readonly number[],
  isRegistered: (brokerId: number) => boolean,
): void {
  if (replicas.length === 0) {
    throw fail(
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes an empty replica list.',
    )
  }
  const seen = new Set<number>()
  for (const id of [...replicas].sort((a, b) => a - b)) {
    if (!isRegistered(id)) {
      throw fail(
        'INVALID_REPLICA_ASSIGNMENT',
        `The manual partition assignment includes broker ${id}, but no such broker is registered.`,
      )
    }
    if (seen.has(id)) {
      throw fail(
        'INVALID_REPLICA_ASSIGNMENT',
        `The manual partition assignment includes the broker ${id} more than once.`,
      )
    }
    seen.add(id)
  }
}

/** What a reassignment is taken back from. */
export interface ReassignmentState {
  readonly reassignment: Reassignment | undefined
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
  readonly allowUnclean: boolean
  /** For words, such as `orders:0`. */
  readonly partition: string
}

/** The replicas without those that were to come. @throws NO_REASSIGNMENT_IN_PROGRESS, INVALID_REPLICA_ASSIGNMENT */
export function revertReassignment(state: ReassignmentState): {
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
} {
  const { adding } = state.reassignment ?? {}
  if (adding === undefined) throw fail('NO_REASSIGNMENT_IN_PROGRESS')
  const replicas = state.replicas.filter((id) => !adding.includes(id))
  const inSyncReplicas = state.inSyncReplicas.filter((id) => replicas.includes(id))
  if (inSyncReplicas.length > 0) return { replicas, inSyncReplicas }
  if (state.allowUnclean) return { replicas, inSyncReplicas: replicas.slice(0, 1) }
  throw fail(
    'INVALID_REPLICA_ASSIGNMENT',
    `Unable to revert partition assignment for ${state.partition} because it would require an unclean leader election.`,
  )
}
