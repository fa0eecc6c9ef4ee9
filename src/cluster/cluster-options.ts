import type { ConnectionOptions } from 'node:tls'
import * as z from 'zod/mini'
import { systemClock, type Clock } from '../base/clock'
import { inEnglish } from '../base/in-english'
import { consoleLogger, type Logger } from '../base/logger'
import { resolveOptions } from '../base/options'
import { openNodeSocket, type SocketOpener } from '../network/broker-socket'
import type { LinkSettings } from '../network/broker-link'
import { systemHostResolver, type HostResolver } from '../network/resolve-host'
import type { RequestListeners } from '../network/request-events'
import { type SocketFactory, socketOpener } from '../network/socket-factory'
import { PlainMechanism } from '../network/sasl/plain'
import type { SaslMechanism } from '../network/sasl/sasl-mechanism'
import { ScramMechanism } from '../network/sasl/scram'
import { TlsSettings } from '../network/tls-settings'
import { Codecs, type CustomCodecs } from '../wire/records/compression/codecs'
import type { CustomCodec } from '../wire/records/compression/custom-codec'
import { parseBootstrapAddress, type HostAndPort } from './bootstrap-address'
import { type BrokersFunction, watched } from './bootstrap-brokers'

/** How TLS is spoken; Node's own names. Certificates and keys are PEM text or bytes, not file names. */
export type TlsOptions = Pick<
  ConnectionOptions,
  | 'ca'
  | 'cert'
  | 'key'
  | 'passphrase'
  | 'pfx'
  | 'servername'
  | 'rejectUnauthorized'
  | 'checkServerIdentity'
  | 'minVersion'
  | 'maxVersion'
  | 'ciphers'
  | 'ALPNProtocols'
  | 'secureContext'
  | 'secureOptions'
  | 'secureProtocol'
  | 'sigalgs'
  | 'ecdhCurve'
  | 'dhparam'
  | 'crl'
  | 'minDHSize'
  | 'session'
>

/** User name and password, by one of the mechanisms that Kafka has for them. */
export interface PasswordSasl {
  /** PLAIN sends the password as it is: use it over TLS only. The SCRAM mechanisms never send it. */
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: string
  /**
   * `tokenauth` of `sasl.jaas.config` (KIP-48). True: `username` is the id of a delegation token and `password` its
   * hmac in base64, as `admin.createDelegationToken()` gives them; of SCRAM only. Default: false.
   */
  readonly tokenAuth?: boolean | undefined
}

/** Where the cluster is and how it is spoken to. The name in backticks is the Java client's. */
export interface ClusterOptions {
  /**
   * `bootstrap.servers`. Some of the brokers, as `host:port` or `[ipv6]:port`; one that answers is enough, the others
   * are learnt from it. Or a function that gives them: asked at the first use, and again when no broker that is known can
   * be reached any more (KIP-1102).
   */
  readonly brokers: readonly string[] | BrokersFunction
  /** `client.id`. Shown in the brokers' logs, metrics and quotas. Default: `'typed-kafka'`. */
  readonly clientId?: string | undefined
  /**
   * `security.protocol` and `ssl.*`. True for TLS with the system's authorities, or an object of details. Host name
   * and certificate are checked unless `rejectUnauthorized` is false. Default: false, plaintext.
   */
  readonly tls?: boolean | TlsOptions | undefined
  /** `sasl.mechanism` and `sasl.jaas.config`, or a mechanism of your own. Default: none. */
  readonly sasl?: PasswordSasl | SaslMechanism | undefined
  /** Milliseconds for each answer of an authentication. Default: as long as the connection may take to be made. */
  readonly authenticationTimeoutMs?: number | undefined
  /**
   * Milliseconds before the end of an authenticated session, where brokers end them, at which it is authenticated again;
   * never in the first half of its life. Default: a random moment between 85 and 95 % of it, as in Java (KIP-368).
   */
  readonly reauthenticationThresholdMs?: number | undefined
  /** `request.timeout.ms`. Milliseconds until a broker's answer; then the connection is closed. Default: 30,000. */
  readonly requestTimeoutMs?: number | undefined
  /** `socket.connection.setup.timeout.ms`. For the first attempt; doubles while attempts fail. Default: 10,000. */
  readonly connectionSetupTimeoutMs?: number | undefined
  /** `socket.connection.setup.timeout.max.ms`. Default: 30,000. */
  readonly connectionSetupTimeoutMaxMs?: number | undefined
  /** `reconnect.backoff.ms`. Pause after the first failed attempt to connect; doubles. Default: 50. */
  readonly reconnectBackoffMs?: number | undefined
  /** `reconnect.backoff.max.ms`. Default: 1,000. */
  readonly reconnectBackoffMaxMs?: number | undefined
  /** `retry.backoff.ms`. Pause before the first repetition of a failed request; doubles. Default: 100. */
  readonly retryBackoffMs?: number | undefined
  /** `retry.backoff.max.ms`. Default: 1,000. */
  readonly retryBackoffMaxMs?: number | undefined
  /** `metadata.max.age.ms`. After so long topics and brokers are asked for without a sign of change. Default: 300,000. */
  readonly metadataMaxAgeMs?: number | undefined
  /** `connections.max.idle.ms`. A connection unused for so long is closed. Default: 540,000. */
  readonly connectionsMaxIdleMs?: number | undefined
  /**
   * `max.in.flight.requests.per.connection`, of all clients; producers have one of their own. Requests beyond it wait for
   * the answers of earlier ones. Default: no limit.
   */
  readonly maxInFlightRequestsPerConnection?: number | undefined
  /** A larger response ends its connection instead of taking memory. Default: 104,857,600 (100 MiB). */
  readonly maxResponseBytes?: number | undefined
  /**
   * Codecs of your own, by the type of compression that they stand for: they compress what producers send, and
   * decompress what consumers read, instead of the built-in ones. Default: none.
   */
  readonly codecs?: CustomCodecs | undefined
  /** Where log lines go. Default: warnings and errors to the console. */
  readonly logger?: Logger | undefined
  /** Listeners for what becomes of each request to a broker. Default: none. */
  readonly events?: RequestListeners | undefined
  /** @internal Time, for tests. */
  readonly clock?: Clock | undefined
  /**
   * Makes what carries the bytes to a broker, for instance through a proxy or a tunnel; TLS is spoken over it where it is
   * on. Names are left to it: DNS is not asked. Default: TCP.
   */
  readonly socketFactory?: SocketFactory | undefined
  /** @internal What opens sockets, for tests and simulations. */
  readonly openSocket?: SocketOpener | undefined
  /** @internal What asks DNS. */
  readonly resolveHost?: HostResolver | undefined
  /** @internal A number in [0, 1). */
  readonly random?: (() => number) | undefined
}

/** The options with nothing left open; secrets are inside objects that don't show them. */
export interface ResolvedClusterOptions extends Omit<
  LinkSettings,
  'onSuspect' | 'onVersions' | 'requestEvents'
> {
  readonly brokers: readonly HostAndPort[] | BrokersFunction
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly metadataMaxAgeMs: number
  readonly events: RequestListeners | undefined
  readonly codecs: Codecs
}

const wholeMs = (least: number) =>
  z
    .int('Milliseconds are a whole number')
    .check(
      z.minimum(least, `At least ${least} is needed`),
      z.maximum(0x7fffffff, 'At most 2147483647 is allowed'),
    )
const ms = (fallback: number, least = 0) => z._default(wholeMs(least), fallback)
const optionalMs = (least: number) => z.optional(wholeMs(least))

const isFunction = (value: unknown): boolean => typeof value === 'function'

const broker = z.lazy(() =>
  z.pipe(
    z.string("Each broker is a text 'host:port'"),
    z.transform((text, context) => {
      const parsed = parseBootstrapAddress(text)
      if (typeof parsed !== 'string') return parsed
      context.issues.push({ code: 'custom', message: parsed, input: text })
      return z.NEVER
    }),
  ),
)
const brokers = z.array(broker).check(z.minLength(1, 'At least one broker is needed'))

const pem = z.custom<NonNullable<TlsOptions['ca']>>(
  (value) =>
    typeof value === 'string' || value instanceof Uint8Array || (Array.isArray(value) && value.length > 0),
  'PEM text, bytes, or a list of them is needed',
)

const tlsVersion = z.enum(['TLSv1.2', 'TLSv1.3'], "'TLSv1.2' and 'TLSv1.3' are allowed")

const tls = z.lazy(() =>
  z.union([
    z.boolean(),
    z.strictObject({
      ca: z.optional(pem),
      cert: z.optional(pem),
      key: z.optional(z.custom<NonNullable<TlsOptions['key']>>((value) => value !== null)),
      passphrase: z.optional(z.string()),
      pfx: z.optional(z.custom<NonNullable<TlsOptions['pfx']>>((value) => value !== null)),
      servername: z.optional(z.string()),
      rejectUnauthorized: z.optional(z.boolean()),
      checkServerIdentity: z.optional(z.custom<NonNullable<TlsOptions['checkServerIdentity']>>(isFunction)),
      minVersion: z.optional(tlsVersion),
      maxVersion: z.optional(tlsVersion),
      ciphers: z.optional(z.string()),
      ALPNProtocols: z.optional(z.custom<NonNullable<TlsOptions['ALPNProtocols']>>(Array.isArray)),
      secureContext: z.optional(
        z.custom<NonNullable<TlsOptions['secureContext']>>((value) => value !== null),
      ),
      secureOptions: z.optional(z.number('A number is needed')),
      secureProtocol: z.optional(z.string()),
      sigalgs: z.optional(z.string()),
      ecdhCurve: z.optional(z.string()),
      dhparam: z.optional(z.custom<NonNullable<TlsOptions['dhparam']>>((value) => value !== null)),
      crl: z.optional(pem),
      minDHSize: z.optional(z.number('A number is needed')),
      session: z.optional(
        z.custom<NonNullable<TlsOptions['session']>>((value) => value instanceof Uint8Array),
      ),
    }),
  ]),
)

const passwordSasl = z.lazy(() =>
  z
    .strictObject({
      mechanism: z.enum(
        ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
        "'PLAIN', 'SCRAM-SHA-256' and 'SCRAM-SHA-512' are allowed",
      ),
      username: z.string('A text is needed').check(z.minLength(1, 'A user name is needed')),
      password: z.string('A text is needed'),
      tokenAuth: z.optional(z.boolean('True or false is needed')),
    })
    .check(
      z.refine(({ mechanism, tokenAuth }) => mechanism !== 'PLAIN' || tokenAuth !== true, {
        path: ['tokenAuth'],
        message: 'Tokens log in by SCRAM-SHA-256 or SCRAM-SHA-512, not by PLAIN',
      }),
    ),
)

function isSaslMechanism(value: unknown): value is SaslMechanism {
  const mechanism = value as Partial<SaslMechanism> | null
  return typeof mechanism?.name === 'string' && typeof mechanism.start === 'function'
}

const eventListener = <Listener>() => z.optional(z.custom<Listener>(isFunction, 'A function is needed'))

const events = z.lazy(() =>
  z.strictObject({
    requestAnswered: eventListener<RequestListeners['requestAnswered']>(),
    requestTimedOut: eventListener<RequestListeners['requestTimedOut']>(),
    requestQueue: eventListener<RequestListeners['requestQueue']>(),
  }),
)

const logger = z.custom<Logger>((value) => {
  const candidate = value as Partial<Logger> | null
  return (['debug', 'info', 'warn', 'error'] as const).every((level) => isFunction(candidate?.[level]))
}, 'An object with debug, info, warn and error is needed')

const codec = z.optional(
  z.custom<CustomCodec>((value) => {
    const candidate = value as Partial<CustomCodec> | null
    return isFunction(candidate?.compress) && isFunction(candidate?.decompress)
  }, 'An object with compress and decompress is needed'),
)

const schema = z.lazy(() =>
  z
    .strictObject({
      brokers: z.pipe(
        z.unknown(),
        z.transform((given, context) => {
          if (typeof given === 'function') return watched(given as BrokersFunction)
          const { data, error } = brokers.safeParse(given, inEnglish)
          for (const issue of error?.issues ?? []) context.issues.push({ ...issue, input: given as never })
          return data ?? z.NEVER
        }),
      ),
      clientId: z._default(
        z.string('A text is needed').check(z.maxLength(249, 'At most 249 characters are allowed')),
        'typed-kafka',
      ),
      tls: z._default(tls, false),
      sasl: z.optional(
        z.unknown().check(
          z.superRefine((value, context) => {
            if (value === undefined || isSaslMechanism(value)) return
            const result = passwordSasl.safeParse(value, inEnglish)
            for (const issue of result.error?.issues ?? []) context.addIssue({ ...issue })
          }),
        ),
      ),
      authenticationTimeoutMs: optionalMs(1),
      reauthenticationThresholdMs: optionalMs(0),
      requestTimeoutMs: ms(30_000, 1),
      connectionSetupTimeoutMs: ms(10_000, 1),
      connectionSetupTimeoutMaxMs: ms(30_000, 1),
      reconnectBackoffMs: ms(50),
      reconnectBackoffMaxMs: ms(1000),
      retryBackoffMs: ms(100),
      retryBackoffMaxMs: ms(1000),
      metadataMaxAgeMs: ms(300_000, 1),
      connectionsMaxIdleMs: ms(540_000, 1),
      maxResponseBytes: z._default(
        z
          .int('Bytes are a whole number')
          .check(
            z.minimum(1024, 'At least 1024 is needed'),
            z.maximum(0x7fffffff, 'At most 2147483647 is allowed'),
          ),
        104_857_600,
      ),
      maxInFlightRequestsPerConnection: z.optional(
        z.int('A whole number is needed').check(z.minimum(1, 'At least 1 is needed')),
      ),
      codecs: z.optional(z.strictObject({ gzip: codec, snappy: codec, lz4: codec, zstd: codec })),
      logger: z._default(logger, () => consoleLogger),
      events: z.optional(events),
      clock: z._default(z.custom<Clock>(), () => systemClock),
      socketFactory: z.optional(z.custom<SocketFactory>(isFunction, 'A function is needed')),
      openSocket: z.optional(z.custom<SocketOpener>(isFunction)),
      resolveHost: z.optional(z.custom<HostResolver>(isFunction)),
      random: z._default(z.custom<() => number>(isFunction), () => Math.random),
    })
    .check(
      z.superRefine((options, context) => {
        for (const [base, limit] of backoffPairs) {
          if (options[base] <= options[limit]) continue
          context.addIssue({
            code: 'custom',
            path: [base],
            message: `It must not be above ${limit} (${options[limit]})`,
          })
        }
        if (
          typeof options.tls === 'object' &&
          (options.tls.cert === undefined) !== (options.tls.key === undefined)
        ) {
          context.addIssue({ code: 'custom', path: ['tls'], message: 'Cert and key are needed together' })
        }
      }),
    ),
)

const backoffPairs = [
  ['connectionSetupTimeoutMs', 'connectionSetupTimeoutMaxMs'],
  ['reconnectBackoffMs', 'reconnectBackoffMaxMs'],
  ['retryBackoffMs', 'retryBackoffMaxMs'],
] as const

/** Checks the options and fills in what is left out; throws InvalidOptionError with all problems at once. */
export function resolveClusterOptions(options: ClusterOptions): ResolvedClusterOptions {
  const { socketFactory, ...resolved } = resolveOptions(schema, 'Kafka', raiseMaxima(options))
  return Object.freeze({
    ...resolved,
    authenticationTimeoutMs: resolved.authenticationTimeoutMs,
    reauthenticationThresholdMs: resolved.reauthenticationThresholdMs,
    openSocket: resolved.openSocket ?? (socketFactory ? socketOpener(socketFactory) : openNodeSocket),
    resolveHost: resolved.resolveHost ?? (socketFactory ? leaveToFactory : systemHostResolver),
    tls: resolved.tls === false ? undefined : new TlsSettings(resolved.tls === true ? {} : resolved.tls),
    sasl: resolveSasl(resolved.sasl as ClusterOptions['sasl']),
    maxInFlightRequestsPerConnection: resolved.maxInFlightRequestsPerConnection ?? Infinity,
    events: resolved.events,
    codecs: new Codecs(resolved.codecs),
  })
}

/** The name is what the factory of the user gets. */
const leaveToFactory: HostResolver = async (host) => [host]

/** A base above the default maximum, with the maximum left out, means both: as in Java. */
function raiseMaxima(options: ClusterOptions): unknown {
  if (typeof options !== 'object' || options === null) return options
  const raised: Record<string, unknown> = { ...options }
  for (const [base, limit] of backoffPairs) {
    const value = options[base]
    const fallback = defaultMaxima[limit]
    if (typeof value === 'number' && options[limit] === undefined && value > fallback) raised[limit] = value
  }
  return raised
}

const defaultMaxima = {
  connectionSetupTimeoutMaxMs: 30_000,
  reconnectBackoffMaxMs: 1000,
  retryBackoffMaxMs: 1000,
} as const

function resolveSasl(sasl: ClusterOptions['sasl']): SaslMechanism | undefined {
  if (sasl === undefined || isSaslMechanism(sasl)) return sasl
  const { mechanism, username, password, tokenAuth } = sasl
  if (mechanism === 'PLAIN') return new PlainMechanism(username, password)
  const hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512'
  return new ScramMechanism(hash, username, password, { tokenAuth })
}
