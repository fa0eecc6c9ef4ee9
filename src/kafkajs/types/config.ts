import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { logLevel } from '../enums'
import type { logCreator, Logger } from './logger'

/** Gives the addresses of brokers when they are needed. */
export type BrokersFunction = () => string[] | Promise<string[]>

/** A SASL client's message. */
export type SaslAuthenticationRequest = {
  encode: () => Buffer | Promise<Buffer>
}

/** How the server's answer is read. */
export type SaslAuthenticationResponse<ParseResult> = {
  decode: (rawResponse: Buffer) => Buffer | Promise<Buffer>
  parse: (data: Buffer) => ParseResult
}

/** What a mechanism of one's own makes for each connection. */
export type Authenticator = {
  authenticate: () => Promise<void>
}

export type SaslAuthenticateArgs<ParseResult> = {
  request: SaslAuthenticationRequest
  response?: SaslAuthenticationResponse<ParseResult>
}

/** What a mechanism of one's own gets for each connection. */
export type AuthenticationProviderArgs = {
  host: string
  port: number
  logger: Logger
  /** Sends one SaslAuthenticate; answers what `response.parse` made of the broker's answer. */
  saslAuthenticate: <ParseResult>(args: SaslAuthenticateArgs<ParseResult>) => Promise<ParseResult | void>
}

/** A SASL mechanism of one's own. */
export type Mechanism = {
  mechanism: string
  authenticationProvider: (args: AuthenticationProviderArgs) => Authenticator
}

export interface OauthbearerProviderResponse {
  /** The token. */
  value: string
}

type SASLMechanismOptionsMap = {
  plain: { username: string; password: string }
  'scram-sha-256': { username: string; password: string }
  'scram-sha-512': { username: string; password: string }
  aws: {
    authorizationIdentity: string
    accessKeyId: string
    secretAccessKey: string
    sessionToken?: string
  }
  oauthbearer: { oauthBearerProvider: () => Promise<OauthbearerProviderResponse> }
}

export type SASLMechanism = keyof SASLMechanismOptionsMap
type SASLMechanismOptions<T> = T extends SASLMechanism ? { mechanism: T } & SASLMechanismOptionsMap[T] : never
export type SASLOptions = SASLMechanismOptions<SASLMechanism>

/** What a `socketFactory` gets. */
export interface ISocketFactoryArgs {
  host: string
  port: number
  ssl: ConnectionOptions
  /** To be called when the socket, TLS included, is ready. */
  onConnect: () => void
}

/** Opens a socket: must return it while it connects. */
export type ISocketFactory = (args: ISocketFactoryArgs) => Socket

/** How failures are tried again; see `docs/migrating-from-kafkajs.md` for what each of them bounds. */
export interface RetryOptions {
  /** Milliseconds of the longest pause. Default: 30,000. */
  maxRetryTime?: number
  /** Milliseconds of the first pause. Default: 300. */
  initialRetryTime?: number
  /** How far a pause is spread by chance, 0.2 for a fifth in both directions. Default: 0.2. */
  factor?: number
  /** By what a pause grows. Default: 2. */
  multiplier?: number
  /** Most repetitions. Default: 5. */
  retries?: number
  /** Of consumers: whether one that crashed starts again. Default: it does where the error may pass. */
  restartOnFailure?: (e: Error) => Promise<boolean>
}

/** What `new Kafka` takes. */
export interface KafkaConfig {
  /** `host:port` of some brokers, or a function that gives them. */
  brokers: string[] | BrokersFunction
  /** TLS: true, or Node's options of it. Default: none. */
  ssl?: ConnectionOptions | boolean
  sasl?: SASLOptions | Mechanism
  /** Default: `'kafkajs'`. */
  clientId?: string
  /** Milliseconds until a connection has to stand. Default: 10,000 (KafkaJS: 1,000). */
  connectionTimeout?: number
  /** Milliseconds for the authentication of a connection. Default: 10,000. */
  authenticationTimeout?: number
  /** Milliseconds before the end of a session's life at which it is authenticated anew. Default: 10,000. */
  reauthenticationThreshold?: number
  /** Milliseconds until a broker's answer. Default: 30,000. */
  requestTimeout?: number
  /** False: requests wait without a limit. Default: true. */
  enforceRequestTimeout?: boolean
  retry?: RetryOptions
  socketFactory?: ISocketFactory
  /** Default: `logLevel.INFO`; the environment's `KAFKAJS_LOG_LEVEL` counts before it. */
  logLevel?: logLevel
  /** Default: one line of JSON on the console. */
  logCreator?: logCreator
}
