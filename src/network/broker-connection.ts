import type { Clock } from '../base/clock'
import { KafkaError } from '../base/errors'
import type { ClientApi } from '../wire/api'
import type { Logger } from '../base/logger'
import type { Connection, ConnectionSettings } from './connection'
import type { HostResolver } from './resolve-host'
import type { TlsSettings } from './tls-settings'
import type { CallOptions } from './connection-call'
import { brokerContext, type BrokerAddress } from './broker-address'
import { authenticate } from './sasl/authenticate'
import type { SaslMechanism } from './sasl/sasl-mechanism'
import type { VersionLimits, VersionRanges } from './version-ranges'

/** What setting up a connection needs beyond the socket. */
export interface SetupSettings extends ConnectionSettings {
  readonly logger: Logger
  readonly tls: TlsSettings | undefined
  readonly sasl: SaslMechanism | undefined
  /** For each answer of an authentication; undefined for as long as the connection may take. */
  readonly authenticationTimeoutMs: number | undefined
  /** How long before the end of a session it is authenticated again; undefined for a share of its life, by chance. */
  readonly reauthenticationThresholdMs: number | undefined
  readonly resolveHost: HostResolver
  /** A number in [0, 1) where chance is wanted. */
  readonly random: () => number
  /** Called with what each new connection learnt of its broker's versions and features. */
  readonly onVersions: (versions: VersionRanges) => void
}

/** A request, or what makes it once the version is known: some layouts depend on the version. */
export type RequestBody<Request> = Request | ((version: number) => Request)

/**
 * A connection that is set up: its versions are known and it is authenticated. When the session's lifetime nears its
 * end, it authenticates again before the next request goes out (KIP-368), while answers still arrive.
 */
export class BrokerConnection {
  readonly connection: Connection
  readonly versions: VersionRanges
  readonly #address: BrokerAddress
  readonly #clock: Clock
  readonly #mechanism: SaslMechanism | undefined
  readonly #random: () => number
  readonly #authenticationTimeoutMs: number
  readonly #reauthenticationThresholdMs: number | undefined
  #reauthenticateAt = Infinity

  constructor(
    connection: Connection,
    versions: VersionRanges,
    address: BrokerAddress,
    settings: SetupSettings,
    setupTimeoutMs: number,
  ) {
    this.connection = connection
    this.versions = versions
    this.#address = address
    this.#clock = settings.clock
    this.#mechanism = settings.sasl
    this.#random = settings.random
    this.#authenticationTimeoutMs = settings.authenticationTimeoutMs ?? setupTimeoutMs
    this.#reauthenticationThresholdMs = settings.reauthenticationThresholdMs
  }

  /** The version a request would have; throws UnsupportedVersionError. */
  version(api: ClientApi<never, unknown>, limits: VersionLimits): number {
    return this.versions.choose(api, limits, brokerContext(this.#address))
  }

  /** Sends one request at the highest version both sides have. */
  send<Request, Response>(
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: CallOptions & VersionLimits,
  ): Promise<Response> {
    let version: number
    let request: Request
    try {
      version = this.version(api, options)
      request = typeof body === 'function' ? (body as (version: number) => Request)(version) : body
    } catch (error) {
      return Promise.reject(KafkaError.from(error, `The ${api.name} request could not be made`))
    }
    if (this.#clock.now() >= this.#reauthenticateAt) void this.#reauthenticate()
    return this.connection.send(api, version, request, options)
  }

  /**
   * So long before the end as the options say, but not in its first half, because brokers refuse those that come too
   * soon. Without an option a random moment between 85 and 95 % of the lifetime, so that the connections of many clients
   * don't all come back at once.
   * @param lifetimeMs 0 when the session does not end
   */
  scheduleReauthentication(lifetimeMs: number): void {
    if (lifetimeMs <= 0) return
    const thresholdMs = this.#reauthenticationThresholdMs
    const afterMs =
      thresholdMs === undefined
        ? lifetimeMs * (0.85 + 0.1 * this.#random())
        : Math.max(lifetimeMs - thresholdMs, lifetimeMs / 2)
    this.#reauthenticateAt = this.#clock.now() + afterMs
  }

  async #reauthenticate(): Promise<void> {
    this.#reauthenticateAt = Infinity
    this.connection.hold()
    const broker = brokerContext(this.#address)
    try {
      const lifetimeMs = await authenticate(
        this.connection,
        this.versions,
        this.#mechanism as SaslMechanism,
        this.#address,
        broker,
        this.#authenticationTimeoutMs,
      )
      this.scheduleReauthentication(lifetimeMs)
      this.connection.release()
    } catch (error) {
      this.connection.close(KafkaError.from(error, 'Re-authentication failed', broker))
    }
  }
}
