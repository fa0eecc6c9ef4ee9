import type { BrokerError } from '../../base/errors'
import { fail } from '../contracts/kafka-failure'

/** One exchange of a SASL mechanism, on the broker's side; from the first bytes to success or refusal. */
export interface SaslServer {
  /**
   * Answers what the client sent.
   * @throws SASL_AUTHENTICATION_FAILED, without words where these could give away that a user exists
   */
  evaluate(bytes: Buffer): Buffer
  /** Who it is; undefined until the exchange succeeded. */
  readonly user: string | undefined
  /** Wall time at which the credential itself expires; undefined when it does not. */
  readonly expiresAt: number | undefined
}

/** Refuses a client and tells it why. */
export function refusal(message: string): BrokerError {
  return fail('SASL_AUTHENTICATION_FAILED', message)
}

/** Refuses a client without telling why: it gets the same words for every reason. */
export function silentRefusal(): BrokerError {
  return fail('SASL_AUTHENTICATION_FAILED')
}
