import { silentLogger } from '../../../src/base/logger'
import { ScramMechanism, type ScramSettings } from '../../../src/network/sasl/scram'
import { createBroker } from '../../../src/testing'
import {
  saslAuthenticateApi,
  type SaslAuthenticateResponse,
} from '../../../src/wire/generated/client/sasl-authenticate'
import { saslHandshakeApi } from '../../../src/wire/generated/client/sasl-handshake'
import { describeEachKafkaCluster } from '../../kafka/support/describe-kafka'
import { saslUsers } from '../../kafka/support/server-properties'
import type { Release } from './describe-each-broker'
import { RawClient } from './raw-client'

/** May do everything; all others need ACLs. */
export const superUser = 'alice'
/** A user without rights of its own. */
export const plainUser = 'bob'

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const
/** Of all sessions: long enough for a suite. */
export const sessionLifetimeMs = 3_600_000

/** A broker that asks for SASL and decides by ACLs. */
export interface SecuredBroker {
  readonly version: Release
  uniqueName(prefix: string): string
  /** A connection on which nobody has authenticated yet; it is closed after the test. */
  connect(): Promise<RawClient>
  /** A connection on which the user has authenticated by PLAIN. */
  session(user: string): Promise<RawClient>
}

/** Declares a suite for clusters of real Kafka with an authorizer, and for in-process brokers that look like them. */
export function describeSecuredBroker(title: string, body: (broker: SecuredBroker) => void): void {
  for (const version of ['3.7', '4.3'] as const) {
    describe(`${title}, in process as ${version}`, () => {
      let close: (() => Promise<void>) | undefined
      let address = ''
      beforeAll(async () => {
        const broker = await createBroker({
          version,
          logger: silentLogger,
          configs: { 'connections.max.reauth.ms': sessionLifetimeMs, 'auto.create.topics.enable': false },
          sasl: { mechanisms, users: saslUsers },
          authorizer: { superUsers: [`User:${superUser}`] },
        })
        close = () => broker.close()
        address = broker.bootstrap[0] ?? ''
      })
      afterAll(async () => close?.())
      body(securedBroker(version, () => address))
    })
  }
  const login = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required'
  const brokerConfig = {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:ANONYMOUS;User:${superUser}`,
    'connections.max.reauth.ms': String(sessionLifetimeMs),
    'listener.name.sasl_plaintext.sasl.enabled.mechanisms': mechanisms.join(','),
    'listener.name.sasl_plaintext.oauthbearer.sasl.jaas.config': `${login} unsecuredLoginStringClaim_sub="broker";`,
  }
  describeEachKafkaCluster(title, { brokerConfig }, (kafka) => {
    const version = (): Release => (kafka.version.startsWith('3.') ? '3.7' : '4.3')
    body(securedBroker(version, () => kafka.sasl.bootstrap[0] ?? ''))
  })
}

let lastName = 0

function securedBroker(version: Release | (() => Release), address: () => string): SecuredBroker {
  const opened: RawClient[] = []
  afterEach(() => {
    for (const one of opened.splice(0)) one.close()
  })
  const connect = async (): Promise<RawClient> => {
    const one = await RawClient.connect(address())
    opened.push(one)
    return one
  }
  return {
    get version() {
      return typeof version === 'string' ? version : version()
    },
    uniqueName: (prefix) => `${prefix}-${lastName++}`,
    connect,
    session: async (user) => {
      const client = await connect()
      const { errorCode } = await logInByPlain(client, user, saslUsers[user] ?? '')
      if (errorCode !== 0) throw new Error(`${user} could not log in: ${errorCode}`)
      return client
    },
  }
}

/** Handshake and one message. */
export async function logInByPlain(
  client: RawClient,
  user: string,
  password: string,
): Promise<SaslAuthenticateResponse> {
  await client.ask(saslHandshakeApi, 1, { mechanism: 'PLAIN' })
  return client.ask(saslAuthenticateApi, 2, { authBytes: Buffer.from(`\0${user}\0${password}`) })
}

/** Handshake and the messages of SCRAM; gives the answer to the last one, or to the first that is refused. */
export async function logInByScram(
  client: RawClient,
  user: string,
  password: string,
  settings: ScramSettings = {},
): Promise<SaslAuthenticateResponse> {
  await client.ask(saslHandshakeApi, 1, { mechanism: 'SCRAM-SHA-256' })
  const exchange = new ScramMechanism('sha256', user, password, settings).start()
  const send = (bytes: Uint8Array | undefined): Promise<SaslAuthenticateResponse> =>
    client.ask(saslAuthenticateApi, 2, { authBytes: Buffer.from(bytes ?? []) })
  const first = await send(await exchange.first())
  if (first.errorCode !== 0) return first
  return send(await exchange.next(first.authBytes))
}
