// Guards against delegation tokens (KIP-48) that only our own idea of a broker takes: Kafka makes them, and a client logs
// in with them, reads and writes as their owner, until they end.
import { AuthenticationError, Kafka, silentLogger, type Admin, type DelegationToken } from '../../src'
import { eventualAnswer } from '../support/eventually'
import { rejectionOf } from '../support/rejection'
import { describeEachKafkaCluster } from './support/describe-kafka'

const brokerConfig = {
  'delegation.token.secret.key': 'a-secret-that-brokers-share',
  // Expired tokens are taken away soon.
  'delegation.token.expiry.check.interval.ms': '500',
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS;User:alice',
}

describeEachKafkaCluster('delegation tokens', { brokerConfig }, (kafka) => {
  const opened: Admin[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((admin) => admin.close()))
  })

  const as = (user: string): Admin => {
    const password = kafka.sasl.users[user] ?? ''
    return adminOf({ mechanism: 'SCRAM-SHA-256', username: user, password })
  }
  const adminOf = (sasl: ConstructorParameters<typeof Kafka>[0]['sasl']): Admin => {
    const admin = new Kafka({ brokers: kafka.sasl.bootstrap, sasl, logger: silentLogger }).admin()
    opened.push(admin)
    return admin
  }
  const saslOf = (token: DelegationToken, mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512') =>
    ({ mechanism, username: token.tokenId, password: token.hmac, tokenAuth: true }) as const
  /** A broker hears of a token a moment after its controller made it. */
  const untilKnown = (admin: Admin, { tokenId }: DelegationToken) =>
    eventualAnswer(
      () => admin.describeDelegationTokens(),
      (tokens) => tokens.some((token) => token.tokenId === tokenId),
      'the broker to know the token',
    )

  it.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
    'log a client in by %s, which then does what their owner may',
    async (mechanism) => {
      const alice = as('alice')
      const before = Date.now()
      const token = await alice.createDelegationToken({ renewers: ['User:bob'], maxLifetimeMs: 3_600_000 })
      expect(token).toMatchObject({
        owner: 'User:alice',
        requester: 'User:alice',
        renewers: ['User:bob'],
      })
      expect(Math.abs(token.issueTime - before)).toBeLessThan(60_000)
      expect(token.maxTime).toBe(token.issueTime + 3_600_000)
      expect(token.expiryTime).toBeLessThanOrEqual(token.maxTime)
      const described = await untilKnown(alice, token)
      expect(described.find(({ tokenId }) => tokenId === token.tokenId)).toEqual(token)

      const sasl = saslOf(token, mechanism)
      const client = new Kafka({ brokers: kafka.sasl.bootstrap, sasl, logger: silentLogger })
      const topic = kafka.uniqueName('orders')
      await using byToken = client.admin()
      // Only alice may.
      await byToken.createTopics([{ name: topic, partitions: 1 }])
      await using producer = client.producer()
      await producer.send(topic, { value: 'v' })
      const [end] = await byToken.listOffsets([{ topic, partition: 0, at: 'latest' }])
      expect(end?.offset).toBe(1n)

      const refused = await rejectionOf(byToken.createDelegationToken())
      expect(refused).toMatchObject({ code: 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED' })
      await alice.expireDelegationToken(token.hmac)
    },
    60_000,
  )

  it('are renewed by their renewers and by nobody else, and end when they are told to', async () => {
    const [alice, bob] = [as('alice'), as('bob')]
    const token = await alice.createDelegationToken({ renewers: ['User:bob'], maxLifetimeMs: 7_200_000 })
    const own = await alice.createDelegationToken()
    await untilKnown(alice, own)

    const { expiryTime } = await bob.renewDelegationToken(token.hmac, { renewTimePeriodMs: 3_600_000 })
    expect(Math.abs(expiryTime - (Date.now() + 3_600_000))).toBeLessThan(60_000)
    expect(await rejectionOf(bob.renewDelegationToken(own.hmac))).toMatchObject({
      code: 'DELEGATION_TOKEN_OWNER_MISMATCH',
    })
    expect(await rejectionOf(bob.renewDelegationToken('aaaa'))).toMatchObject({
      code: 'DELEGATION_TOKEN_NOT_FOUND',
    })
    expect(await alice.renewDelegationToken(token.hmac)).toEqual({ expiryTime: token.maxTime })
    const sooner = await alice.expireDelegationToken(token.hmac, { expiryTimePeriodMs: 600_000 })
    expect(Math.abs(sooner.expiryTime - (Date.now() + 600_000))).toBeLessThan(60_000)

    await alice.expireDelegationToken(token.hmac)
    await alice.expireDelegationToken(own.hmac, { expiryTimePeriodMs: 1 })
    await eventualAnswer(
      () => alice.describeDelegationTokens(),
      (tokens) => tokens.length === 0,
      'the tokens to be gone',
    )
    const error = await rejectionOf(adminOf(saslOf(token, 'SCRAM-SHA-256')).connect())
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.message).toContain('check the id and the hmac of the token')
  }, 60_000)

  it('end a connection that logged in with them, which then is not let in again', async () => {
    const alice = as('alice')
    const token = await alice.createDelegationToken()
    await untilKnown(alice, token)
    const { expiryTime } = await alice.expireDelegationToken(token.hmac, { expiryTimePeriodMs: 2_000 })
    await eventualAnswer(
      () => alice.describeDelegationTokens(),
      (tokens) => tokens.some((one) => one.tokenId === token.tokenId && one.expiryTime === expiryTime),
      'the broker to know when the token ends',
    )
    const byToken = adminOf(saslOf(token, 'SCRAM-SHA-512'))
    await byToken.connect()
    const error = await eventualAnswer(
      () =>
        byToken.listTopics().then(
          () => undefined,
          (reason: unknown) => reason,
        ),
      (reason) => reason !== undefined,
      'the client to be refused',
    )
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(Date.now()).toBeGreaterThan(expiryTime - 1_000)
  }, 60_000)

  it('are made for another user by who may, and described to who may see them', async () => {
    const [alice, bob] = [as('alice'), as('bob')]
    const token = await alice.createDelegationToken({ owner: 'User:bob' })
    expect(token).toMatchObject({ owner: 'User:bob', requester: 'User:alice', renewers: [] })
    expect(await untilKnown(bob, token)).toContainEqual(token)
    expect(await alice.describeDelegationTokens({ owners: ['User:carol'] })).toEqual([])
    expect(await alice.describeDelegationTokens({ owners: ['User:bob'] })).toContainEqual(token)
    expect(await rejectionOf(bob.createDelegationToken({ owner: 'User:alice' }))).toMatchObject({
      code: 'DELEGATION_TOKEN_AUTHORIZATION_FAILED',
    })
    expect(await rejectionOf(alice.createDelegationToken({ renewers: ['Group:x'] }))).toMatchObject({
      code: 'INVALID_PRINCIPAL_TYPE',
    })
    await bob.expireDelegationToken(token.hmac)
  }, 60_000)
})
