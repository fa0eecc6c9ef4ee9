import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import { invalid } from './arguments'
import type { ResponseError } from '../cluster/cluster'

/** A token that a client can log in with in place of a password (KIP-48), until it expires. */
export interface DelegationToken {
  /** What a client logs in with as its user name. */
  readonly tokenId: string
  /**
   * What a client logs in with as its password, in base64; by it the token is also renewed and expired. Whoever has it
   * is the owner: keep it secret.
   */
  readonly hmac: string
  /** Whose rights it gives, such as `User:alice`. */
  readonly owner: string
  /** Who asked for it; null before Kafka 3.3. */
  readonly requester: string | null
  /** Who may renew it, beside its owner and its requester. */
  readonly renewers: readonly string[]
  /** When it was made, in milliseconds since the epoch. */
  readonly issueTime: number
  /** When it ends unless it is renewed, in milliseconds since the epoch. */
  readonly expiryTime: number
  /** When it ends whatever is done, in milliseconds since the epoch. */
  readonly maxTime: number
}

/** When a delegation token ends. */
export interface DelegationTokenExpiry {
  /** Milliseconds since the epoch. */
  readonly expiryTime: number
}

/** A principal as requests and responses of tokens spell it. */
export interface TokenPrincipal {
  readonly principalType: string
  readonly principalName: string
}

/** A principal by type and name. */
export const principalSchema = z
  .string()
  .check(z.regex(/^[^:]+:.+$/s, "must be a type and a name, such as 'User:alice'"))

/** Milliseconds that go as int64. */
export const periodSchema = z.optional(z.int().check(z.minimum(1)))

/** A period as requests carry it; -1 leaves it to the brokers. */
export function periodOf(ms: number | undefined): bigint {
  return ms === undefined ? -1n : BigInt(ms)
}

/** The bytes of a token's hmac. The error does not show it. */
export function parseHmac(what: string, hmac: unknown): Uint8Array {
  if (typeof hmac === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(hmac)) return Buffer.from(hmac, 'base64')
  throw invalid(what, ['hmac: must be the hmac of a token, which is base64 text'])
}

/** `User:alice` in its two parts. */
export function tokenPrincipal(text: string): TokenPrincipal {
  const colon = text.indexOf(':')
  return { principalType: text.slice(0, colon), principalName: text.slice(colon + 1) }
}

/** The other way around. */
export function principalText({ principalType, principalName }: TokenPrincipal): string {
  return `${principalType}:${principalName}`
}

/** Who asked for a token, where the broker tells. */
export function requesterText(answer: {
  readonly tokenRequesterPrincipalType: string
  readonly tokenRequesterPrincipalName: string
}): string | null {
  const { tokenRequesterPrincipalType: type, tokenRequesterPrincipalName: name } = answer
  return name === '' ? null : `${type}:${name}`
}

/** Brokers answer these with a number alone. */
const reasons: ReadonlyMap<number, string> = new Map([
  [ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED, 'the brokers have no delegation.token.secret.key'],
  [
    ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
    'log in by SASL with a password or by a certificate: tokens are for those who proved who they are, and not by a token',
  ],
  [ErrorCode.DELEGATION_TOKEN_NOT_FOUND, 'no token has this hmac; it may have expired'],
  [
    ErrorCode.DELEGATION_TOKEN_OWNER_MISMATCH,
    'only the owner of a token, who asked for it and its renewers may do this',
  ],
  [ErrorCode.INVALID_PRINCIPAL_TYPE, "renewers have to be users, such as 'User:alice'"],
  [ErrorCode.DELEGATION_TOKEN_EXPIRED, 'the token has expired, ask for a new one'],
])

/** The error of a response, with the reason in words. */
export function tokenError({ errorCode }: ResponseError): ResponseError {
  return { errorCode, errorMessage: reasons.get(errorCode) ?? null }
}
