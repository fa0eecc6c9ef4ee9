// Guards what connecting fails with: wrong passwords, ports and certificates read the same on KafkaJS and on us.
import { connect } from 'node:net'
import { silentLogger } from '../../../src/base/logger'
import type { ISocketFactoryArgs, KafkaConfig, KafkaJSError } from '../../../src/kafkajs'
import { createCluster, type TestCluster } from '../../../src/testing'
import { createCertificateAuthority } from '../../kafka/support/certificates'
import { rejectionOf } from '../../support/rejection'
import { peerNames, peers, type PeerName } from './two-clients'

const authority = createCertificateAuthority()
const { key, certificate: cert } = authority.issue({ commonName: 'broker', hosts: ['127.0.0.1'] })

let plain: TestCluster
let secured: TestCluster
let withPasswords: TestCluster
beforeAll(async () => {
  process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
  const options = { brokers: 1, logger: silentLogger, topics: [{ name: 't' }] }
  plain = await createCluster(options)
  secured = await createCluster({ ...options, tls: { key, cert } })
  withPasswords = await createCluster({
    ...options,
    sasl: { users: { alice: 'secret' }, mechanisms: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] },
  })
})
afterAll(() => Promise.all([plain, secured, withPasswords].map((cluster) => cluster.close())))

async function topicsBy(
  peer: PeerName,
  cluster: TestCluster,
  config: Partial<KafkaConfig>,
): Promise<string[]> {
  const admin = new peers[peer]({
    brokers: cluster.bootstrap as string[],
    logLevel: 0,
    retry: { retries: 0, initialRetryTime: 10 },
    ...config,
  }).admin()
  try {
    await admin.connect()
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}

/** What it fails with, and what stands behind that where retries were used up. */
async function failure(peer: PeerName, cluster: TestCluster, config: Partial<KafkaConfig>) {
  const error = (await rejectionOf(topicsBy(peer, cluster, config))) as KafkaJSError
  const cause = error.name === 'KafkaJSNumberOfRetriesExceeded' ? (error.cause as KafkaJSError) : error
  return { name: cause.name, message: cause.message, outer: error.name, retriable: error.retriable, cause }
}

const password = (mechanism: string, secret: unknown, username: unknown = 'alice') =>
  ({ sasl: { mechanism, username, password: secret } }) as Partial<KafkaConfig>

describe.each(peerNames)('%s', (peer) => {
  test.each(['plain', 'scram-sha-256', 'scram-sha-512'])('9.5: %s lets a user in', async (mechanism) => {
    expect(await topicsBy(peer, withPasswords, password(mechanism, 'secret'))).toEqual(['t'])
  })

  test.each([
    ['plain', 'SASL PLAIN authentication failed: Authentication failed: Invalid username or password'],
    [
      'scram-sha-256',
      'SASL SCRAM SHA256 authentication failed: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256',
    ],
    [
      'scram-sha-512',
      'SASL SCRAM SHA512 authentication failed: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512',
    ],
  ])('9.5: %s with a wrong password says what the broker said', async (mechanism, message) => {
    const error = await failure(peer, withPasswords, password(mechanism, 'wrong'))
    expect(error).toMatchObject({ name: 'KafkaJSSASLAuthenticationError', message, retriable: false })
  })

  test('9.5: a user name or a password that is missing', async () => {
    for (const config of [password('plain', undefined), password('plain', 'secret', null)]) {
      expect(await failure(peer, withPasswords, config)).toMatchObject({
        name: 'KafkaJSSASLAuthenticationError',
        message: 'SASL Plain: Invalid username or password',
      })
    }
  })

  test('2: nobody listens', async () => {
    const error = await failure(peer, plain, { brokers: ['127.0.0.1:1'] })
    expect(error).toMatchObject({
      name: 'KafkaJSConnectionError',
      message: 'Connection error: connect ECONNREFUSED 127.0.0.1:1',
      outer: 'KafkaJSNumberOfRetriesExceeded',
    })
    expect(error.cause).toMatchObject({ broker: '127.0.0.1:1', code: 'ECONNREFUSED' })
  })

  test('2: a certificate of an authority that is not known', async () => {
    const error = await failure(peer, secured, { ssl: true })
    expect(error).toMatchObject({
      name: 'KafkaJSConnectionError',
      message: expect.stringMatching(/^Connection error: (self-signed|unable to verify)/) as string,
      outer: 'KafkaJSNumberOfRetriesExceeded',
    })
    expect(error.cause).toMatchObject({
      broker: secured.bootstrap[0],
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/) as string,
    })
    expect(await topicsBy(peer, secured, { ssl: { ca: [authority.certificate] } })).toEqual(['t'])
  })

  test('2: no connection within connectionTimeout', async () => {
    const error = await failure(peer, plain, {
      connectionTimeout: 60,
      socketFactory: ({ host, port }) => connect({ host, port }),
    })
    expect(error).toMatchObject({
      name: 'KafkaJSConnectionError',
      message: 'Connection timeout',
      outer: 'KafkaJSNumberOfRetriesExceeded',
    })
    expect(error.cause).toMatchObject({ broker: plain.bootstrap[0] })
  })

  test('9.6: what a socketFactory is given, and what it throws', async () => {
    const calls: ISocketFactoryArgs[] = []
    const socketFactory = (args: ISocketFactoryArgs) => {
      calls.push(args)
      return connect({ host: args.host, port: args.port }, args.onConnect)
    }
    expect(await topicsBy(peer, plain, { socketFactory })).toEqual(['t'])
    const [host, port] = (plain.bootstrap[0] as string).split(':')
    expect(calls[0]).toEqual({
      host,
      port: Number(port),
      ssl: null,
      onConnect: expect.any(Function) as () => void,
    })
    const throwing = await failure(peer, plain, {
      socketFactory: () => {
        throw new Error('no way')
      },
    })
    expect(throwing).toMatchObject({
      name: 'KafkaJSConnectionError',
      message: 'Failed to connect: no way',
      outer: 'KafkaJSNumberOfRetriesExceeded',
    })
  })

  test.each([
    ['null', null, 'KafkaJSNonRetriableError', 'Failed to connect: brokers should not be null'],
    ['none', [], 'KafkaJSNonRetriableError', 'Failed to connect: brokers array is empty'],
    ['a number', [4], 'KafkaJSNonRetriableError', 'Failed to connect: broker at index 0 is invalid "number"'],
    [
      'a function that throws',
      () => {
        throw new Error('no list')
      },
      'KafkaJSConnectionError',
      'Failed to connect: "config.brokers" threw: no list',
    ],
  ])('2: brokers that are %s', async (_, brokers, name, message) => {
    expect(await failure(peer, plain, { brokers: brokers as never })).toMatchObject({ name, message })
  })
})
