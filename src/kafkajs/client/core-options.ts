import type { KafkaOptions, PasswordSasl, RequestListeners, SaslMechanism } from '../../index'
import { registeredCodecs } from '../compression/compression-codecs'
import type { KafkaConfig, SASLOptions } from '../types/config'
import type { Logger } from '../types/logger'
import { coreBrokers } from './brokers'
import type { RetrySettings } from './retry'
import { saslMechanism } from './sasl'
import { requireCredentials } from './sasl-failure'
import { transportOf } from './transport'
import { isMissing } from '../is-missing'

/** What one client adds to the config of its `Kafka` object. */
export interface ClientSettings {
  readonly retry: RetrySettings
  readonly logger: Logger
  /** Milliseconds. */
  readonly metadataMaxAge?: number | undefined
  /** Null for no limit. */
  readonly maxInFlightRequests?: number | null | undefined
  /** What is told of requests. */
  readonly events: RequestListeners
}

/** The longest that timers wait. */
const maxTimerMs = 0x7fffffff
/** Milliseconds. KafkaJS's 1,000 is too short for brokers that are far away. */
export const defaultConnectionTimeout = 10_000
const defaultRequestTimeout = 30_000

/** Milliseconds that a request may take; `enforceRequestTimeout` false means that it may take any time. */
export function requestTimeoutOf({ requestTimeout, enforceRequestTimeout = true }: KafkaConfig): number {
  return enforceRequestTimeout ? (requestTimeout ?? defaultRequestTimeout) : maxTimerMs
}

/** The options of our own `Kafka` that mean the same. @param addresses what `brokersOf` found */
export function coreOptions(
  config: KafkaConfig,
  settings: ClientSettings,
  addresses: readonly string[],
): KafkaOptions {
  const { clientId = 'kafkajs', connectionTimeout = defaultConnectionTimeout, sasl } = config
  const { authenticationTimeout = 10_000, reauthenticationThreshold = 10_000 } = config
  const { retry, logger, metadataMaxAge = 300_000, maxInFlightRequests, events } = settings
  const retryBackoffMaxMs = timer(retry.maxRetryTime)
  return {
    brokers: coreBrokers(config.brokers, addresses),
    clientId,
    ...transportOf(config),
    sasl: isMissing(sasl) ? undefined : saslOf(sasl, logger),
    authenticationTimeoutMs: timer(authenticationTimeout, 1),
    reauthenticationThresholdMs: timer(reauthenticationThreshold),
    requestTimeoutMs: timer(requestTimeoutOf(config), 1),
    connectionSetupTimeoutMs: timer(connectionTimeout, 1),
    // Each attempt of KafkaJS has the same time.
    connectionSetupTimeoutMaxMs: timer(connectionTimeout, 1),
    metadataMaxAgeMs: timer(metadataMaxAge, 1),
    retryBackoffMs: Math.min(timer(retry.initialRetryTime), retryBackoffMaxMs),
    retryBackoffMaxMs,
    maxInFlightRequestsPerConnection: limitOf(maxInFlightRequests),
    logger,
    events,
    codecs: registeredCodecs,
  }
}

/** No limit where KafkaJS has none, for a number that is not positive too. */
function limitOf(maxInFlightRequests: number | null | undefined): number | undefined {
  if (isMissing(maxInFlightRequests) || !(maxInFlightRequests > 0)) return undefined
  return Number.isFinite(maxInFlightRequests) ? Math.ceil(maxInFlightRequests) : undefined
}

/** A number of milliseconds as a timer takes it. */
export function timer(ms: number, least = 0): number {
  return Math.min(Math.max(Math.ceil(ms), least), maxTimerMs)
}

const passwordMechanisms: Readonly<Record<string, PasswordSasl['mechanism']>> = {
  PLAIN: 'PLAIN',
  'SCRAM-SHA-256': 'SCRAM-SHA-256',
  'SCRAM-SHA-512': 'SCRAM-SHA-512',
}

function saslOf(sasl: NonNullable<KafkaConfig['sasl']>, logger: Logger): PasswordSasl | SaslMechanism {
  const mechanism = passwordMechanisms[sasl.mechanism.toUpperCase()]
  if (mechanism === undefined || 'authenticationProvider' in sasl) return saslMechanism(sasl, logger)
  const { username, password } = sasl as Extract<SASLOptions, { username: string }>
  requireCredentials(mechanism, username, password)
  return { mechanism, username, password }
}
