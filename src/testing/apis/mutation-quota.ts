import { fail } from '../contracts/kafka-failure'
import type { RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'

/**
 * Counts partitions that are created or deleted against the client's quota (KIP-599). Kafka lets the request pass that
 * goes over the quota; it refuses the next ones, or, of a version that knows no such refusal, slows the client down.
 * @param strictVersion the first version of the API that can be refused
 * @throws THROTTLING_QUOTA_EXCEEDED
 */
export function chargeMutations(
  { quotas }: Services,
  context: RequestContext,
  partitions: number,
  strictVersion: number,
): void {
  if (context.apiVersion < strictVersion) {
    context.throttleMs = Math.max(context.throttleMs, quotas.record(context, 'controller', partitions))
    return
  }
  const waitMs = quotas.record(context, 'controller', 0)
  if (waitMs > 0) {
    context.throttleMs = Math.max(context.throttleMs, waitMs)
    throw fail('THROTTLING_QUOTA_EXCEEDED', 'The throttling quota has been exceeded.')
  }
  quotas.record(context, 'controller', partitions)
}
