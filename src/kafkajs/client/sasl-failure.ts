import { AuthenticationError, ErrorCode } from '../../index'
import { KafkaJSSASLAuthenticationError } from '../errors/non-retriable-errors'
import { protocolError } from '../errors/protocol-error-table'
import { translateError } from '../errors/translate-error'
import type { KafkaConfig } from '../types/config'

type Sasl = NonNullable<KafkaConfig['sasl']>

/** What KafkaJS calls a mechanism where it fails; custom ones have no such words. */
const prefixes: Readonly<Record<string, string>> = {
  PLAIN: 'SASL PLAIN authentication',
  'SCRAM-SHA-256': 'SASL SCRAM SHA256 authentication',
  'SCRAM-SHA-512': 'SASL SCRAM SHA512 authentication',
  AWS: 'SASL AWS-IAM authentication',
  OAUTHBEARER: 'SASL OAUTHBEARER authentication',
}

/** @throws KafkaJSSASLAuthenticationError without user name or password */
export function requireCredentials(mechanism: string, username: unknown, password: unknown): void {
  if (typeof username === 'string' && username !== '' && typeof password === 'string') return
  const what = mechanism === 'PLAIN' ? 'SASL Plain' : prefixes[mechanism]
  throw new KafkaJSSASLAuthenticationError(`${what}: Invalid username or password`)
}

/** What KafkaJS's `connect` would have rejected with: as elsewhere, and in its words where the broker refused who we are. */
export function translateConnectError(error: unknown, sasl: Sasl | undefined): Error {
  if (!(error instanceof AuthenticationError) || sasl === undefined) return translateError(error)
  const mechanism = sasl.mechanism.toUpperCase()
  if (error.code === 'UNSUPPORTED_SASL_MECHANISM') return protocolError(ErrorCode.UNSUPPORTED_SASL_MECHANISM)
  const prefix = prefixes[mechanism]
  const translated = translateError(error)
  const isOurs = translated instanceof KafkaJSSASLAuthenticationError && translated.cause === error
  if (!isOurs || prefix === undefined || !error.code.startsWith('SASL')) return translated
  const detail = error.brokerMessage ?? error.message
  return new KafkaJSSASLAuthenticationError(`${prefix} failed: ${detail}`, { cause: error })
}
