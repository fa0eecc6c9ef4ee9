import * as z from 'zod/mini'
import { systemClock, type Clock } from '../base/clock'
import { consoleLogger, type Logger } from '../base/logger'
import { resolveOptions } from '../base/options'
import { newestRelease } from './cluster/releases'
import type { NewTopicSpec } from './contracts/topics'

/** How clients reach the brokers. */
export type TestNetwork = 'tcp' | 'memory'

/** TLS as the listener speaks it; PEM text or bytes, not file names. */
export interface TestTlsOptions {
  readonly key: string | Buffer
  readonly cert: string | Buffer
  /** Authorities of client certificates. */
  readonly ca?: string | Buffer | undefined
  /** `ssl.client.auth=required`: a client needs a certificate, and is known by its subject. Default: false. */
  readonly requestCert?: boolean | undefined
}

/** SASL as the listener asks for it: nobody is served without it. */
export interface TestSaslOptions {
  /** `sasl.enabled.mechanisms`. Default: PLAIN and both SCRAM mechanisms. */
  readonly mechanisms?: readonly TestSaslMechanism[] | undefined
  /** Passwords by user name. Users can also be made with AlterUserScramCredentials. */
  readonly users?: Readonly<Record<string, string>> | undefined
  /** Key that OAUTHBEARER tokens are signed with (HS256 or RS256). Without it unsecured tokens are taken. */
  readonly oauthKey?: string | Buffer | undefined
}

export type TestSaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'

/** `authorizer.class.name` = StandardAuthorizer: who may do what is decided by ACLs. */
export interface TestAuthorizerOptions {
  /** `super.users`, such as `User:admin`. */
  readonly superUsers?: readonly string[] | undefined
  /** `allow.everyone.if.no.acl.found`. Default: false. */
  readonly allowEveryoneIfNoAclFound?: boolean | undefined
}

/** The cluster that is made for a test. */
export interface TestClusterOptions {
  /** Number of brokers; their ids count from 1. Default: 1. */
  readonly brokers?: number | undefined
  /** The Kafka release it looks like: what is served in which versions, and which features there are. Default: `'4.3'`. */
  readonly version?: string | undefined
  /** `'tcp'` listens on ports of the loopback; `'memory'` opens none (see `clientOptions`). Default: `'tcp'`. */
  readonly network?: TestNetwork | undefined
  /** Address to listen on. Default: `'127.0.0.1'`. */
  readonly host?: string | undefined
  /** Port of the first broker; the others follow. 0 takes free ones. Default: 0. */
  readonly port?: number | undefined
  /** `broker.rack` by broker. Default: none. */
  readonly racks?: readonly string[] | undefined
  /** Topics that are there from the start. */
  readonly topics?: readonly NewTopicSpec[] | undefined
  /** Broker configs by Kafka's name, such as `{ 'auto.create.topics.enable': 'false' }`. */
  readonly configs?: Readonly<Record<string, string | number | boolean>> | undefined
  /** Bytes that all logs may hold together; then produce fails with KAFKA_STORAGE_ERROR. Default: 268,435,456 (256 MiB). */
  readonly maxBytes?: number | undefined
  /** Requests that `requests` remembers. Default: 10,000. */
  readonly requestLogSize?: number | undefined
  /** Default: plaintext. TCP only. */
  readonly tls?: TestTlsOptions | undefined
  /** Default: none; everyone is `User:ANONYMOUS`. */
  readonly sasl?: TestSaslOptions | undefined
  /** Default: none; everyone may do everything. */
  readonly authorizer?: TestAuthorizerOptions | undefined
  /** Where the brokers' log lines go. Default: warnings and errors to the console. */
  readonly logger?: Logger | undefined
  /** Makes ids repeat from run to run. Default: a random one. */
  readonly seed?: number | undefined
  /** @internal Time, for simulations. */
  readonly clock?: Clock | undefined
}

const wholeNumber = (least: number, most: number) =>
  z
    .int('A whole number is needed')
    .check(z.minimum(least, `At least ${least} is needed`), z.maximum(most, `At most ${most} is allowed`))

const text = z.string('A text is needed')
const secret = z.custom<string | Buffer>(
  (value) => typeof value === 'string' || value instanceof Uint8Array,
  'PEM text or bytes are needed',
)
const isFunction = (value: unknown): boolean => typeof value === 'function'
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const

const schema = z.lazy(() =>
  z
    .strictObject({
      brokers: z._default(wholeNumber(1, 100), 1),
      version: z._default(text, newestRelease),
      network: z._default(z.enum(['tcp', 'memory'], "'tcp' and 'memory' are allowed"), 'tcp'),
      host: z._default(text.check(z.minLength(1, 'An address is needed')), '127.0.0.1'),
      port: z._default(wholeNumber(0, 65_535), 0),
      racks: z.optional(z.array(text)),
      topics: z._default(z.array(z.custom<NewTopicSpec>(isObject, 'An object with a name is needed')), []),
      configs: z._default(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])), {}),
      maxBytes: z._default(wholeNumber(1, Number.MAX_SAFE_INTEGER), 256 * 1024 * 1024),
      requestLogSize: z._default(wholeNumber(0, 10_000_000), 10_000),
      tls: z.optional(
        z.strictObject({
          key: secret,
          cert: secret,
          ca: z.optional(secret),
          requestCert: z._default(z.boolean(), false),
        }),
      ),
      sasl: z.optional(
        z.strictObject({
          mechanisms: z._default(
            z
              .array(z.enum(mechanisms, `These are allowed: ${mechanisms.join(', ')}`))
              .check(z.minLength(1, 'At least one mechanism is needed')),
            ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
          ),
          users: z._default(z.record(z.string(), text), {}),
          oauthKey: z.optional(secret),
        }),
      ),
      authorizer: z.optional(
        z.strictObject({
          superUsers: z._default(z.array(text), []),
          allowEveryoneIfNoAclFound: z._default(z.boolean(), false),
        }),
      ),
      logger: z._default(z.custom<Logger>(isObject), () => consoleLogger),
      seed: z._default(wholeNumber(0, 0xffffffff), () => Math.floor(Math.random() * 0x100000000)),
      clock: z._default(
        z.custom<Clock>((value) => isFunction((value as Partial<Clock> | null)?.now)),
        () => systemClock,
      ),
    })
    .check(
      z.superRefine((options, context) => {
        const refuse = (path: string, message: string) =>
          context.addIssue({ code: 'custom', path: [path], message })
        if (options.racks !== undefined && options.racks.length !== options.brokers) {
          refuse('racks', `One rack a broker is needed, ${options.brokers} in all`)
        }
        if (options.network === 'memory' && options.tls !== undefined) {
          refuse('tls', "TLS needs sockets: leave it out, or use network 'tcp'")
        }
        if (options.port !== 0 && options.port + options.brokers - 1 > 65_535) {
          refuse('port', `It leaves no room for ${options.brokers} brokers below 65536`)
        }
      }),
    ),
)

type Settled<Options> = Readonly<Required<Options>>

/** The options with nothing left open. */
export interface ResolvedTestClusterOptions extends Settled<
  Omit<TestClusterOptions, 'racks' | 'tls' | 'sasl' | 'authorizer'>
> {
  readonly racks?: readonly string[] | undefined
  readonly tls?: (TestTlsOptions & { readonly requestCert: boolean }) | undefined
  readonly sasl?: (Settled<Omit<TestSaslOptions, 'oauthKey'>> & Pick<TestSaslOptions, 'oauthKey'>) | undefined
  readonly authorizer?: Settled<TestAuthorizerOptions> | undefined
}

/** Checks the options and fills in what is left out. @throws InvalidOptionError with all problems at once */
export function resolveTestClusterOptions(options: TestClusterOptions): ResolvedTestClusterOptions {
  return resolveOptions(schema, 'the test cluster', options)
}
