import { ErrorCode } from '../../base/error-codes'
import type { RequestContext } from '../contracts/api-handler'
import { errorCodeOf } from '../contracts/kafka-failure'

/**
 * The code of a failure as the version that asks knows it: clients that are older than PRODUCER_FENCED are told
 * INVALID_PRODUCER_EPOCH.
 * @param knownSince the first version of the API with PRODUCER_FENCED
 */
export function fencedCode(error: unknown, { apiVersion }: RequestContext, knownSince: number): number {
  const code = errorCodeOf(error)
  return apiVersion < knownSince && code === ErrorCode.PRODUCER_FENCED
    ? ErrorCode.INVALID_PRODUCER_EPOCH
    : code
}
