import { ErrorCode, type ErrorCodeName } from '../../base/error-codes'
import { BrokerError } from '../../base/errors'

/**
 * What a request, a topic, a partition or a group is refused with: `throw fail('INVALID_CONFIG', 'Unknown topic
 * config name: x')`. The engines throw it; the handler of the API puts code and message where the response has them.
 * The message is what Kafka writes, where it writes one.
 */
export function fail(code: ErrorCodeName, message: string | null = null): BrokerError {
  return new BrokerError(ErrorCode[code], 'Refused', { brokerMessage: message })
}

/** The code of anything that was caught; what is no refusal is a mistake in the broker: UNKNOWN_SERVER_ERROR. */
export function errorCodeOf(error: unknown): number {
  return error instanceof BrokerError ? error.errorCode : ErrorCode.UNKNOWN_SERVER_ERROR
}

/** The words of a refusal; null when it has none. */
export function errorMessageOf(error: unknown): string | null {
  return error instanceof BrokerError ? error.brokerMessage : String(error)
}
