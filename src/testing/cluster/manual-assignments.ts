import { fail } from '../contracts/kafka-failure'
import type { Brokers } from '../contracts/brokers'

/**
 * Checks the replicas that a request names for one partition.
 * @param replicationFactor how many there must be; undefined for the first partition of a new topic
 * @throws INVALID_REPLICA_ASSIGNMENT with Kafka's words
 */
export function checkAssignment(
  replicas: readonly number[],
  replicationFactor: number | undefined,
  brokers: Brokers,
): void {
  if (replicas.length === 0) throw refuse('The manual partition assignment includes an empty replica list.')
  let previous: number | undefined
  for (const broker of [...replicas].sort((a, b) => a - b)) {
    if (brokers.get(broker) === undefined) {
      throw refuse(
        `The manual partition assignment includes broker ${broker}, but no such broker is registered.`,
      )
    }
    if (broker === previous) {
      throw refuse(`The manual partition assignment includes the broker ${broker} more than once.`)
    }
    previous = broker
  }
  if (replicationFactor !== undefined && replicas.length !== replicationFactor) {
    throw refuse(
      `The manual partition assignment includes a partition with ${replicas.length} replica(s), but this is not consistent with previous partitions, which have ${replicationFactor} replica(s).`,
    )
  }
}

/** At least one of a partition's replicas must be able to lead. @throws INVALID_REPLICA_ASSIGNMENT */
export function checkSomeoneLives(replicas: readonly number[], partition: number, brokers: Brokers): void {
  if (replicas.some((id) => brokers.get(id)?.isFenced === false)) return
  throw refuse(
    `All brokers specified in the manual partition assignment for partition ${partition} are fenced or in controlled shutdown.`,
  )
}

/** The assignments of a new topic, by partition. @throws INVALID_REPLICA_ASSIGNMENT */
export function checkedAssignments(
  assignments: ReadonlyMap<number, readonly number[]>,
  brokers: Brokers,
): number[][] {
  const checked: number[][] = []
  let replicationFactor: number | undefined
  for (const [partition, replicas] of assignments) {
    checkAssignment(replicas, replicationFactor, brokers)
    replicationFactor = replicas.length
    checkSomeoneLives(replicas, partition, brokers)
    checked[partition] = [...replicas]
  }
  // Sparse when a number is missing, and longer than there are assignments.
  if (checked.length !== assignments.size) {
    throw refuse('partitions should be a consecutive 0-based integer sequence')
  }
  return checked
}

function refuse(message: string): Error {
  return fail('INVALID_REPLICA_ASSIGNMENT', message)
}
