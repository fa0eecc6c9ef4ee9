import { fail } from '../contracts/kafka-failure'
import type { LogConfig } from '../contracts/partition-log'

/** What a deletion of records is checked against. */
export interface DeletionLimits {
  /** For words, such as `orders-0`. */
  readonly partition: string
  readonly highWatermark: bigint
  readonly config: LogConfig
}

/**
 * The offset before which all records are to go; -1 asks for all that are replicated.
 * @throws POLICY_VIOLATION, OFFSET_OUT_OF_RANGE
 */
export function deletionTarget(offset: bigint, { partition, highWatermark, config }: DeletionLimits): bigint {
  const { cleanupPolicy } = config
  if (cleanupPolicy.includes('compact') && !cleanupPolicy.includes('delete')) {
    throw fail(
      'POLICY_VIOLATION',
      `Records of partition ${partition} can not be deleted due to the configured policy`,
    )
  }
  const target = offset === -1n ? highWatermark : offset
  if (target < 0n || target > highWatermark) {
    throw fail('OFFSET_OUT_OF_RANGE', `The offset ${target} for partition ${partition} is not valid`)
  }
  return target
}
