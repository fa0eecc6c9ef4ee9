// Guards authentication through KafkaJS's config: its mechanisms, those of other packages, and how failures read.
import type { KafkaJSError } from '../../src/kafkajs/errors/kafkajs-error'
import type {
  AuthenticationProviderArgs,
  KafkaConfig,
  Mechanism,
  SASLOptions,
} from '../../src/kafkajs/types/config'
import { rejectionOf } from '../support/rejection'
import { KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

beforeAll(async () => {
  await setup.start({
    topics: [{ name: 't' }],
    sasl: {
      users: { alice: 'secret' },
      mechanisms: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'],
    },
  })
})

afterAll(() => setup.end())

async function topicsBy(sasl: KafkaConfig['sasl']): Promise<string[]> {
  return await setup.own(setup.kafka({ sasl }).admin()).listTopics()
}

const failure = async (sasl: KafkaConfig['sasl']) =>
  (await rejectionOf(topicsBy(sasl))) as Error as KafkaJSError

const password = (mechanism: string, secret: string) =>
  ({ mechanism, username: 'alice', password: secret }) as SASLOptions

const base64Url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = `${base64Url({ alg: 'none' })}.${base64Url({ sub: 'alice', iat: 1, exp: 9_999_999_999 })}.`

/** A message as mechanisms of other packages write it: with its length before it. */
function framed(text: string): Buffer {
  const message = Buffer.alloc(4 + Buffer.byteLength(text))
  message.writeInt32BE(message.length - 4)
  message.write(text, 4)
  return message
}

describe('9.5 SASL', () => {
  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('9.5: %s', async (mechanism) => {
    expect(await topicsBy(password(mechanism, 'secret'))).toEqual(['t'])
  })

  test('9.5: oauthbearer asks its provider', async () => {
    const oauthBearerProvider = async () => ({ value: token })
    expect(await topicsBy({ mechanism: 'oauthbearer', oauthBearerProvider })).toEqual(['t'])
  })

  test('9.5: a mechanism of another package gets four arguments, and reads answers with their length', async () => {
    const seen: unknown[] = []
    const mechanism: Mechanism = {
      mechanism: 'plain',
      authenticationProvider: ({ host, port, logger, saslAuthenticate }: AuthenticationProviderArgs) => ({
        authenticate: async () => {
          logger.debug('authenticating')
          const answer = await saslAuthenticate({
            request: { encode: () => framed('\0alice\0secret') },
            response: { decode: async (raw) => raw, parse: (data) => data.readInt32BE(0) },
          })
          seen.push(host, port, answer)
        },
      }),
    }
    expect(await topicsBy(mechanism)).toEqual(['t'])
    const [host, port] = (setup.cluster.bootstrap[0] as string).split(':')
    expect(seen.slice(0, 3)).toEqual([host, Number(port), 0])
  })

  test.each([
    ['plain', 'SASL PLAIN authentication failed: '],
    ['scram-sha-256', 'SASL SCRAM SHA256 authentication failed: '],
    ['scram-sha-512', 'SASL SCRAM SHA512 authentication failed: '],
  ] as const)('9.5: %s with a wrong password', async (mechanism, message) => {
    const error = await failure(password(mechanism, 'wrong'))
    expect(error.message).toContain(message)
    expect(error).toMatchObject({ name: 'KafkaJSSASLAuthenticationError', retriable: false })
  })

  test.each([
    ['plain', 'SASL Plain: Invalid username or password'],
    ['scram-sha-256', 'SASL SCRAM SHA256 authentication: Invalid username or password'],
  ] as const)('9.5: %s without a password', async (mechanism, message) => {
    expect((await failure({ mechanism, username: 'alice' } as never)).message).toBe(message)
  })

  test('9.5: what else is missing', async () => {
    expect((await failure({ mechanism: 'oauthbearer' } as never)).message).toBe(
      'SASL OAUTHBEARER: Missing OAuth bearer token provider',
    )
    const oauthBearerProvider = async () => ({}) as never
    expect((await failure({ mechanism: 'oauthbearer', oauthBearerProvider })).message).toBe(
      'SASL OAUTHBEARER: Invalid OAuth bearer token',
    )
  })

  test('9.5: a mechanism that the brokers do not have', async () => {
    const error = await failure({
      mechanism: 'aws',
      authorizationIdentity: 'a',
      accessKeyId: 'b',
      secretAccessKey: 'c',
    })
    expect(error).toMatchObject({
      name: 'KafkaJSProtocolError',
      type: 'UNSUPPORTED_SASL_MECHANISM',
      message: 'The broker does not support the requested SASL mechanism',
    })
  })
})
