import { BrokerError, ConnectionError, KafkaError, type ErrorContext } from '../base/errors'
import { ErrorCode } from '../base/error-codes'
import { decodeApiVersionsResponse } from '../wire/headers'
import { apiVersionsApi, type ApiVersionsResponse } from '../wire/generated/client/api-versions'
import { brokerContext, formatAddress, type BrokerAddress } from './broker-address'
import { BrokerConnection, type SetupSettings } from './broker-connection'
import { clientSoftware, sanitiseSoftwareName } from './client-software'
import { Connection, setupTimeout } from './connection'
import { describeSystemError, isFinalConnectionFailure, plainMessage } from './connection-errors'
import type { HostResolver } from './resolve-host'
import { authenticate } from './sasl/authenticate'
import { VersionRanges } from './version-ranges'

/** ApiVersions 5 asks whether the broker is who we think (KIP-1242); no broker in use answers it yet. */
const maxApiVersionsVersion = 4

/**
 * Makes a connection that is ready for requests: tries each address of the broker's name, then asks for the broker's
 * versions, then authenticates. Every step is bounded by `timeoutMs`. Rejects with AuthenticationError, with a
 * ConnectionError that lists each address and what it said, or with the error that tells a wrong option.
 */
export async function openConnection(
  address: BrokerAddress,
  settings: SetupSettings,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<BrokerConnection> {
  const broker = brokerContext(address)
  const connection = await connectAnyAddress(address, broker, settings, timeoutMs, signal)
  const cancel = () => connection.close(closedWhileConnecting(broker))
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const versions = await negotiate(connection, broker, timeoutMs)
    connection.markVersionsKnown()
    settings.onVersions(versions)
    const ready = new BrokerConnection(connection, versions, address, settings, timeoutMs)
    if (settings.sasl !== undefined) {
      const limitMs = settings.authenticationTimeoutMs ?? timeoutMs
      const lifetimeMs = await authenticate(connection, versions, settings.sasl, address, broker, limitMs)
      ready.scheduleReauthentication(lifetimeMs)
    }
    return ready
  } catch (error) {
    const failure = KafkaError.from(error, 'The connection could not be set up', broker)
    connection.close(failure)
    // What ended the socket says more than what it did to the request that was under way.
    const reason = connection.reason as KafkaError
    throw isFinalConnectionFailure(reason) ? reason : failure
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

function closedWhileConnecting(broker: ErrorContext): ConnectionError {
  return new ConnectionError('DISCONNECTED', 'The connection was given up while it was made', broker)
}

async function connectAnyAddress(
  address: BrokerAddress,
  broker: ErrorContext,
  settings: SetupSettings,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  const failures: { address: string; error: KafkaError }[] = []
  for (const ip of await resolveAddresses(address, broker, settings.resolveHost)) {
    if (signal.aborted) throw closedWhileConnecting(broker)
    const target = { address: ip, port: address.port, host: address.host, tls: settings.tls?.reveal() }
    const connection = new Connection(target, broker, settings)
    const cancel = () => connection.close(closedWhileConnecting(broker))
    signal.addEventListener('abort', cancel, { once: true })
    const timer = settings.clock.setTimer(timeoutMs, () => connection.close(setupTimeout(broker, timeoutMs)))
    try {
      await connection.opened
      return connection
    } catch (error) {
      if (isFinalConnectionFailure(error)) throw error
      failures.push({ address: formatAddress(ip, address.port), error: KafkaError.from(error) })
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', cancel)
    }
  }
  throw connectFailure(broker, failures)
}

async function resolveAddresses(
  address: BrokerAddress,
  broker: ErrorContext,
  resolveHost: HostResolver,
): Promise<readonly string[]> {
  try {
    const addresses = await resolveHost(address.host)
    if (addresses.length > 0) return addresses
  } catch (error) {
    const cause = error instanceof Error ? error : undefined
    throw new ConnectionError(
      'CONNECTION_FAILED',
      `The host name '${address.host}' could not be resolved: ${describeSystemError(cause)}`,
      { ...broker, cause: error },
    )
  }
  throw new ConnectionError(
    'CONNECTION_FAILED',
    `The host name '${address.host}' has no address in DNS`,
    broker,
  )
}

function connectFailure(
  broker: ErrorContext,
  failures: readonly { address: string; error: KafkaError }[],
): KafkaError {
  const first = failures[0]?.error as KafkaError
  if (failures.every((failure) => failure.error.code === first.code && first.code !== 'CONNECTION_FAILED')) {
    return first
  }
  const tried = failures.map(({ address, error }) => `${address}: ${plainMessage(error)}`)
  return new ConnectionError('CONNECTION_FAILED', `Could not connect (${tried.join('; ')})`, {
    ...broker,
    cause: first,
  })
}

/** Reads the fallback layout of a broker that does not know the version we asked with. */
const tolerantApiVersions: typeof apiVersionsApi = {
  ...apiVersionsApi,
  decodeResponse: decodeApiVersionsResponse,
}

async function negotiate(
  connection: Connection,
  broker: ErrorContext,
  timeoutMs: number,
): Promise<VersionRanges> {
  let response = await askVersions(connection, maxApiVersionsVersion, timeoutMs)
  if (response.errorCode === ErrorCode.UNSUPPORTED_VERSION) {
    const own = response.apiKeys.find((api) => api.apiKey === apiVersionsApi.key)
    const version = Math.min(own?.maxVersion ?? 0, maxApiVersionsVersion - 1)
    response = await askVersions(connection, version, timeoutMs)
  }
  if (response.errorCode !== ErrorCode.NONE) {
    throw new BrokerError(response.errorCode, 'The broker did not tell its versions', {
      ...broker,
      api: 'ApiVersions',
    })
  }
  return new VersionRanges(response)
}

async function askVersions(
  connection: Connection,
  version: number,
  timeoutMs: number,
): Promise<ApiVersionsResponse> {
  const software = {
    clientSoftwareName: sanitiseSoftwareName(clientSoftware.name),
    clientSoftwareVersion: sanitiseSoftwareName(clientSoftware.version),
  }
  const body = version >= 3 ? software : {}
  return await connection.send(tolerantApiVersions, version, body, { timeoutMs })
}
