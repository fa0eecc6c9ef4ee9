import type { SaslContext, SaslExchange, SaslMechanism } from '../../index'
import { KafkaJSSASLAuthenticationError } from '../errors/non-retriable-errors'
import type { KafkaConfig, Mechanism, SaslAuthenticateArgs, SASLOptions } from '../types/config'
import type { Logger } from '../types/logger'
import { isMissing } from '../is-missing'

type AwsOptions = Extract<SASLOptions, { mechanism: 'aws' }>
type OauthOptions = Extract<SASLOptions, { mechanism: 'oauthbearer' }>

const separator = '\u0001'

/**
 * A mechanism of one's own, AWS or OAUTHBEARER, as our own client takes mechanisms.
 * @throws KafkaJSSASLAuthenticationError when what it needs is missing
 */
export function saslMechanism(sasl: NonNullable<KafkaConfig['sasl']>, logger: Logger): SaslMechanism {
  const name = sasl.mechanism.toUpperCase()
  if ('authenticationProvider' in sasl) return new CustomMechanism(name, sasl, logger)
  if (name === 'AWS') return oneMessage('AWS', () => awsMessage(sasl as AwsOptions))
  if (name === 'OAUTHBEARER') return oneMessage(name, () => oauthMessage(sasl as OauthOptions))
  throw new KafkaJSSASLAuthenticationError(`SASL ${name} mechanism is not supported by the client`)
}

function oneMessage(name: string, message: () => Buffer | Promise<Buffer>): SaslMechanism {
  return {
    name,
    start: () => ({
      first: message,
      // RFC 7628: a refusal comes as a challenge, which has to be answered to learn of it as an error.
      next: (challenge) => (challenge.length > 0 ? Buffer.from(separator) : undefined),
    }),
  }
}

function awsMessage(sasl: AwsOptions): Buffer {
  for (const key of ['authorizationIdentity', 'accessKeyId', 'secretAccessKey'] as const) {
    if (!sasl[key]) throw new KafkaJSSASLAuthenticationError(`SASL AWS-IAM: Missing ${key}`)
  }
  const { authorizationIdentity, accessKeyId, secretAccessKey, sessionToken = '' } = sasl
  return Buffer.from([authorizationIdentity, accessKeyId, secretAccessKey, sessionToken].join('\0'))
}

async function oauthMessage({ oauthBearerProvider }: OauthOptions): Promise<Buffer> {
  if (isMissing(oauthBearerProvider)) {
    throw new KafkaJSSASLAuthenticationError('SASL OAUTHBEARER: Missing OAuth bearer token provider')
  }
  const token = await oauthBearerProvider()
  if (isMissing(token?.value)) {
    throw new KafkaJSSASLAuthenticationError('SASL OAUTHBEARER: Invalid OAuth bearer token')
  }
  return Buffer.from(`n,,${separator}auth=Bearer ${token.value}${separator}${separator}`)
}

/** A mechanism that sends by calling `saslAuthenticate` as often as it likes. */
class CustomMechanism implements SaslMechanism {
  readonly name: string
  readonly #mechanism: Mechanism
  readonly #logger: Logger

  constructor(name: string, mechanism: Mechanism, logger: Logger) {
    this.name = name
    this.#mechanism = mechanism
    this.#logger = logger
  }

  start({ host, port }: SaslContext): SaslExchange {
    return new CustomExchange((saslAuthenticate) =>
      this.#mechanism
        .authenticationProvider({ host, port, logger: this.#logger, saslAuthenticate })
        .authenticate(),
    )
  }
}

type SaslAuthenticate = <Result>(args: SaslAuthenticateArgs<Result>) => Promise<Result | void>

/**
 * Turns calls of `saslAuthenticate` into messages and answers: each call gives a message, and waits for its answer.
 * Mechanisms made for KafkaJS write the length of their message before it, in four bytes, and read answers that begin so.
 */
class CustomExchange implements SaslExchange {
  readonly #authenticate: (saslAuthenticate: SaslAuthenticate) => Promise<void>
  #onAnswer: ((challenge: Buffer) => void) | undefined
  #onMessage: { resolve: (message: Buffer | undefined) => void; reject: (error: unknown) => void } | undefined

  constructor(authenticate: (saslAuthenticate: SaslAuthenticate) => Promise<void>) {
    this.#authenticate = authenticate
  }

  async first(): Promise<Uint8Array> {
    const wanted = this.#nextMessage()
    void this.#run()
    const message = await wanted
    if (message !== undefined) return message
    throw new KafkaJSSASLAuthenticationError('The authentication provider ended without a message')
  }

  next(challenge: Buffer): Promise<Uint8Array | undefined> {
    const wanted = this.#nextMessage()
    this.#onAnswer?.(challenge)
    return wanted
  }

  #nextMessage(): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => (this.#onMessage = { resolve, reject }))
  }

  async #run(): Promise<void> {
    try {
      await this.#authenticate((args) => this.#send(args))
      this.#onMessage?.resolve(undefined)
    } catch (error) {
      this.#onMessage?.reject(error)
    }
  }

  async #send<Result>({ request, response }: SaslAuthenticateArgs<Result>): Promise<Result | void> {
    const answer = new Promise<Buffer>((resolve) => (this.#onAnswer = resolve))
    this.#onMessage?.resolve(withoutLength(await request.encode()))
    const challenge = await answer
    if (response === undefined) return undefined
    return response.parse(await response.decode(withLength(challenge)))
  }
}

function withoutLength(message: Buffer): Buffer {
  if (message.length >= 4 && message.readInt32BE(0) === message.length - 4) return message.subarray(4)
  throw new KafkaJSSASLAuthenticationError(
    'The message of the authentication provider must begin with its length, as a 32-bit number',
  )
}

function withLength(challenge: Buffer): Buffer {
  const framed = Buffer.alloc(4 + challenge.length)
  framed.writeInt32BE(challenge.length)
  challenge.copy(framed, 4)
  return framed
}
