import type { Release } from '../contracts/release'
import type { ConfigStore } from '../contracts/config-store'
import type { Runtime } from '../contracts/runtime'
import type { AclStore } from './acl-store'
import { AllowAllAuthorizer } from './allow-all-authorizer'
import { BearerTokenValidator } from './bearer-token'
import { OAuthBearerServer } from './oauth-bearer-server'
import { PlainServer } from './plain-server'
import { SaslAuthentication } from './sasl-authentication'
import type { SaslServer } from './sasl-server'
import { ScramCredentials, scramMechanismNames } from './scram-credentials'
import { ScramServer } from './scram-server'
import type { Authentication, Authorizer } from '../contracts/security'
import { StandardAuthorizer, type StandardAuthorizerOptions } from './standard-authorizer'

/** How the cluster is secured. */
export interface ClusterSecurityOptions {
  /** Without it everyone is `User:ANONYMOUS`. */
  readonly sasl?:
    | {
        readonly mechanisms: readonly string[]
        /** Passwords by user. */
        readonly users: Readonly<Record<string, string>>
        /** What OAUTHBEARER tokens are signed with; without it unsecured ones are taken. */
        readonly oauthKey?: string | Buffer | undefined
      }
    | undefined
  /** Without it everyone may do everything. */
  readonly authorizer?: StandardAuthorizerOptions | undefined
}

/** What an authentication needs of the other parts of the cluster. */
export interface AuthenticationServices {
  readonly runtime: Runtime
  readonly configs: Pick<ConfigStore, 'brokerNumber'>
}

/** Users, credentials and ACLs of one cluster, and the decision who asks whom for them. */
export class ClusterSecurity {
  /** What SCRAM users log in with; the admin can change it although the listener asks for no SASL. */
  readonly credentials: ScramCredentials
  readonly #options: ClusterSecurityOptions
  readonly #passwords: ReadonlyMap<string, string>
  readonly #tokens: BearerTokenValidator
  #acls: AclStore | undefined
  #random: () => number = () => 0

  constructor(options: ClusterSecurityOptions = {}) {
    this.#options = options
    const users = options.sasl?.users ?? {}
    this.#passwords = new Map(Object.entries(users))
    this.#tokens = new BearerTokenValidator(options.sasl?.oauthKey)
    this.credentials = new ScramCredentials(users, () => this.#randomBytes(16))
  }

  /** The rules of the authorizer; undefined when there is none. */
  get acls(): AclStore | undefined {
    return this.#acls
  }

  /** Makes the cluster's authorizer; called once. */
  authorizer(services: { readonly release: Pick<Release, 'name'> }): Authorizer {
    if (this.#options.authorizer === undefined) return new AllowAllAuthorizer(services)
    const authorizer = new StandardAuthorizer(services, this.#options.authorizer)
    this.#acls = authorizer.acls
    return authorizer
  }

  /** What one connection authenticates with; undefined when nobody has to. */
  authentication({ runtime, configs }: AuthenticationServices): Authentication | undefined {
    const { sasl } = this.#options
    if (sasl === undefined) return undefined
    this.#random = runtime.random
    return new SaslAuthentication({
      mechanisms: sasl.mechanisms,
      startExchange: (mechanism) => this.#startExchange(mechanism, runtime),
      maxReauthMs: () => configs.brokerNumber('connections.max.reauth.ms'),
      clock: runtime.clock,
    })
  }

  #startExchange(mechanism: string, { clock }: Runtime): SaslServer | undefined {
    if (mechanism === 'PLAIN') return new PlainServer(this.#passwords)
    if (mechanism === 'OAUTHBEARER') return new OAuthBearerServer(this.#tokens, () => clock.wallTime())
    const scram = scramMechanismNames.find((name) => name === mechanism)
    if (scram === undefined) return undefined
    return new ScramServer(scram, this.credentials, () => this.#randomBytes(18).toString('base64url'))
  }

  /** From the cluster's source of chance, so that a run replays; good enough for a broker that guards nothing. */
  #randomBytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => Math.floor(this.#random() * 256)))
  }
}
