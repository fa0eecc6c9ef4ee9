import { AuthenticationError, ConnectionError, type ErrorContext, type KafkaError } from '../base/errors'

/** Node's words for the failures of a system call, in words that say what happened. */
const systemFailures: Record<string, string> = {
  ECONNREFUSED: 'connection refused, nothing listens there',
  ENOTFOUND: 'the name does not exist in DNS',
  EAI_AGAIN: 'DNS did not answer',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no answer in time',
  ECONNRESET: 'connection reset by the peer',
  EPIPE: 'connection closed by the peer',
  EADDRNOTAVAIL: 'the address can not be used from this machine',
  EACCES: 'not permitted by this machine',
}

/** What a failed system call means, for an error's message. */
export function describeSystemError(error: Error | undefined): string {
  if (error === undefined) return 'connection closed by the peer'
  const code = errorCode(error)
  return (code !== undefined && systemFailures[code]) || error.message
}

function errorCode(error: Error): string | undefined {
  const code = (error as NodeJS.ErrnoException).code
  return typeof code === 'string' ? code : undefined
}

/** OpenSSL's and Node's codes by which we refuse the broker's certificate. */
const certificateCodes =
  /^(ERR_TLS_CERT_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH)/

/**
 * The error of a socket that speaks, or was to speak, TLS, when it tells of a mistake that trying again can't mend;
 * undefined for every other failure.
 */
export function tlsMistake(error: Error | undefined, context: ErrorContext): KafkaError | undefined {
  if (error === undefined) return undefined
  const code = errorCode(error)
  if (code === undefined) return undefined
  if (certificateCodes.test(code)) {
    return new AuthenticationError(
      'TLS_CERTIFICATE_REFUSED',
      `The broker's certificate was not accepted: ${error.message}; pass its certificate authority as tls.ca, or the name it is issued for as tls.servername`,
      { ...context, cause: error },
    )
  }
  if (/WRONG_VERSION_NUMBER|HTTP_REQUEST|UNKNOWN_PROTOCOL|PACKET_LENGTH_TOO_LONG/.test(code)) {
    return new ConnectionError(
      'NOT_TLS',
      'The broker did not answer the TLS handshake in TLS; leave out tls, or use the port of a TLS listener',
      { ...context, cause: error, retriable: false },
    )
  }
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    return new AuthenticationError(
      'TLS_HANDSHAKE_REFUSED',
      `The broker refused the TLS handshake: ${error.message}; it may require a client certificate (tls.cert and tls.key) or other protocol versions`,
      { ...context, cause: error },
    )
  }
  return undefined
}

/** The peer closed the socket before its half of the TLS handshake: most often a plaintext listener. */
export function closedInTlsHandshake(error: Error | undefined, context: ErrorContext): ConnectionError {
  return new ConnectionError(
    'TLS_HANDSHAKE_CLOSED',
    'The broker closed the connection during the TLS handshake; if this is a plaintext listener, leave out tls or use the TLS port',
    { ...context, cause: error },
  )
}

/** Says what a peer speaks that is not Kafka, from the first four bytes it sent; undefined if that is not known. */
export function foreignProtocol(start: Buffer, context: ErrorContext): ConnectionError | undefined {
  const first = start[0]
  if ((first === 0x15 || first === 0x16) && start[1] === 0x03) {
    return new ConnectionError(
      'TLS_REQUIRED',
      'The broker answered in TLS, but this client speaks plaintext; set the option tls, or use the port of a plaintext listener',
      { ...context, retriable: false },
    )
  }
  const text = start.toString('latin1')
  if (text === 'HTTP' || text === '<htm' || text === '<!DO') {
    return new ConnectionError(
      'NOT_KAFKA',
      'An HTTP server answered, not a Kafka broker; check the port in brokers (Kafka usually listens on 9092)',
      { ...context, retriable: false },
    )
  }
  if (text === 'SSH-') {
    return new ConnectionError('NOT_KAFKA', 'An SSH server answered, not a Kafka broker; check the port', {
      ...context,
      retriable: false,
    })
  }
  return undefined
}

/** An error's message without the trailer that says where, for a message that says it again. */
export function plainMessage(error: KafkaError): string {
  return error.message.replace(/ \((?:topic|broker|group) [^()]*\)$/, '')
}

/** True for failures that come from wrong options, so that trying another time can't help. */
export function isFinalConnectionFailure(error: unknown): boolean {
  if (error instanceof AuthenticationError) return true
  return error instanceof ConnectionError && !error.retriable
}
