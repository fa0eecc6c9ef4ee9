import type { Clock } from '../../base/clock'
import type { BrokerError } from '../../base/errors'
import { errorMessageOf, fail } from '../contracts/kafka-failure'
import type { Principal } from '../contracts/principal'
import { refusal, type SaslServer } from './sasl-server'
import type { Authentication, SaslStep } from '../contracts/security'

/** What a listener that asks for SASL is set up with. */
export interface SaslAuthenticationOptions {
  readonly mechanisms: readonly string[]
  /** Starts an exchange; undefined for a mechanism there is none of. */
  readonly startExchange: (mechanism: string) => SaslServer | undefined
  /** `connections.max.reauth.ms` of a mechanism; 0 for no limit. */
  readonly maxReauthMs: (mechanism: string) => number
  readonly clock: Clock
}

/** Once a second is as often as Kafka lets a session authenticate again. */
const minReauthIntervalMs = 1_000

/**
 * The authentication of one connection, and its sessions: each lasts as long as `connections.max.reauth.ms` and the
 * token allow, and is renewed by another exchange on the same connection (KIP-368), by the same principal.
 */
export class SaslAuthentication implements Authentication {
  readonly mechanisms: readonly string[]
  readonly #options: SaslAuthenticationOptions
  #principal: Principal | undefined
  #mechanism: string | undefined
  #exchange: { readonly mechanism: string; readonly server: SaslServer } | undefined
  /** Of `clock.now()`; undefined while sessions do not end. */
  #expiresAt: number | undefined
  #lastReauthAt: number | undefined

  constructor(options: SaslAuthenticationOptions) {
    this.mechanisms = options.mechanisms
    this.#options = options
  }

  get principal(): Principal | undefined {
    return this.#principal
  }

  get isExpired(): boolean {
    return this.#expiresAt !== undefined && this.#options.clock.now() > this.#expiresAt
  }

  handshake(mechanism: string): void {
    if (this.#exchange !== undefined || !this.#mayBegin()) throw fail('ILLEGAL_SASL_STATE')
    const server = this.mechanisms.includes(mechanism) ? this.#options.startExchange(mechanism) : undefined
    if (server === undefined) {
      throw fail('UNSUPPORTED_SASL_MECHANISM', `Unsupported SASL mechanism ${mechanism}`)
    }
    this.#exchange = { mechanism, server }
  }

  authenticate(bytes: Buffer): Promise<SaslStep> {
    return new Promise((resolve) => resolve(this.#step(bytes)))
  }

  /** The first time always, then only for sessions that end at all, and not too often. */
  #mayBegin(): boolean {
    if (this.#principal === undefined) return true
    if (this.#expiresAt === undefined) return false
    const now = this.#options.clock.now()
    if (this.#lastReauthAt !== undefined && now - this.#lastReauthAt < minReauthIntervalMs) return false
    this.#lastReauthAt = now
    return true
  }

  #step(bytes: Buffer): SaslStep {
    const exchange = this.#exchange
    if (exchange === undefined) {
      const why =
        this.#principal === undefined
          ? 'Unexpected Kafka request of type SASL_AUTHENTICATE during SASL handshake.'
          : 'SaslAuthenticate request received after successful authentication'
      throw fail('ILLEGAL_SASL_STATE', why)
    }
    try {
      this.#requireSameMechanism(exchange.mechanism)
      const answer = exchange.server.evaluate(bytes)
      const { user } = exchange.server
      if (user === undefined) return { bytes: answer, sessionLifetimeMs: 0 }
      this.#requireSamePrincipal(user)
      return {
        bytes: answer,
        sessionLifetimeMs: this.#begin(exchange.mechanism, user, exchange.server.expiresAt),
      }
    } catch (error) {
      this.#exchange = undefined
      throw errorMessageOf(error) === null ? this.#refused(exchange.mechanism) : error
    }
  }

  #requireSameMechanism(mechanism: string): void {
    if (this.#mechanism === undefined || this.#mechanism === mechanism) return
    const why = `is not supported for re-authentication of mechanism '${this.#mechanism}'`
    throw refusal(`SASL mechanism '${mechanism}' requested by client ${why}`)
  }

  #requireSamePrincipal(user: string): void {
    if (this.#principal === undefined || this.#principal.name === user) return
    const { type, name } = this.#principal
    const change = `${type}.${name}: ${type}.${user}`
    throw refusal(`Cannot change principals during re-authentication from ${change}`)
  }

  /** Begins a session; answers the milliseconds it lasts, 0 for as long as the connection. */
  #begin(mechanism: string, user: string, credentialExpiresAt: number | undefined): number {
    const { clock } = this.#options
    const limit = this.#options.maxReauthMs(mechanism)
    const limits = [
      ...(limit > 0 ? [limit] : []),
      ...(credentialExpiresAt !== undefined ? [credentialExpiresAt - clock.wallTime()] : []),
    ]
    const lifetimeMs = limits.length === 0 ? 0 : Math.max(0, Math.floor(Math.min(...limits)))
    this.#principal = { type: 'User', name: user }
    this.#mechanism = mechanism
    this.#exchange = undefined
    this.#expiresAt = lifetimeMs > 0 ? clock.now() + lifetimeMs : undefined
    return lifetimeMs
  }

  /** The words that all refusals have in common which have none of their own. */
  #refused(mechanism: string): BrokerError {
    const phase = this.#principal === undefined ? 'authentication' : 're-authentication'
    return refusal(
      `Authentication failed during ${phase} due to invalid credentials with SASL mechanism ${mechanism}`,
    )
  }
}
