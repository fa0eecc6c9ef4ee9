// Guards against a broker that lets in whom Kafka keeps out, and against words that no client would ever have seen.
import { createHmac, generateKeyPairSync, pbkdf2Sync, sign } from 'node:crypto'
import { ErrorCode } from '../../../../src/base/error-codes'
import { BrokerError } from '../../../../src/base/errors'
import { silentLogger } from '../../../../src/base/logger'
import { ScramMechanism } from '../../../../src/network/sasl/scram'
import { saslAuthenticateHandler } from '../../../../src/testing/apis/sasl-authenticate'
import { saslHandshakeHandler } from '../../../../src/testing/apis/sasl-handshake'
import { ClusterSecurity } from '../../../../src/testing/security/cluster-security'
import {
  ScramCredentials,
  scramCredential,
  scramHmac,
} from '../../../../src/testing/security/scram-credentials'
import { ScramServer } from '../../../../src/testing/security/scram-server'
import type { Authentication } from '../../../../src/testing/contracts/security'
import { FakeClock } from '../../support/fake-clock'
import { answer } from '../support/answer'
import { fakeContext } from '../support/fake-transaction-services'
import { codeOf } from '../support/transaction-driver'

const allMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']

function listener(options: { oauthKey?: string | Buffer; maxReauthMs?: number; mechanisms?: string[] } = {}) {
  const clock = new FakeClock()
  const { oauthKey, maxReauthMs = 0, mechanisms = allMechanisms } = options
  const security = new ClusterSecurity({
    sasl: { mechanisms, users: { alice: 'secret', bob: 'hush' }, oauthKey },
  })
  let chance = 0
  const random = () => (chance = (chance + 0.37) % 1)
  const connect = (): Authentication => {
    const services = {
      runtime: { clock, random, logger: silentLogger },
      configs: { brokerNumber: () => maxReauthMs },
    }
    const authentication = security.authentication(services)
    if (authentication === undefined) throw new Error('The listener asks for SASL')
    return authentication
  }
  return { clock, security, connect }
}

const plain = (user: string, password: string, as = ''): Buffer => Buffer.from(`${as}\0${user}\0${password}`)

/** Words of the refusal of a step. */
async function refusalOf(step: Promise<unknown>): Promise<string> {
  const error: unknown = await step.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof BrokerError)) throw new Error('It was not refused')
  return `${error.code}: ${error.brokerMessage}`
}

async function logIn(authentication: Authentication, user = 'alice', password = 'secret') {
  authentication.handshake('PLAIN')
  return await authentication.authenticate(plain(user, password))
}

/** Logs in with the client's own SCRAM. */
async function logInByScram(authentication: Authentication, hash: 'sha256' | 'sha512', password: string) {
  const mechanism = new ScramMechanism(hash, 'alice', password)
  authentication.handshake(mechanism.name)
  const exchange = mechanism.start()
  const first = await authentication.authenticate(Buffer.from((await exchange.first()) ?? []))
  const proof = await exchange.next(Buffer.from(first.bytes))
  const last = await authentication.authenticate(Buffer.from(proof ?? []))
  await exchange.next(Buffer.from(last.bytes))
}

describe('PLAIN', () => {
  test('knows its users, and tells why it refuses', async () => {
    const { connect } = listener()
    const authentication = connect()
    expect(authentication.principal).toBeUndefined()
    expect(await logIn(authentication)).toEqual({ bytes: Buffer.alloc(0), sessionLifetimeMs: 0 })
    expect(authentication.principal).toEqual({ type: 'User', name: 'alice' })
    const invalid = 'SASL_AUTHENTICATION_FAILED: Authentication failed: Invalid username or password'
    expect(await refusalOf(logIn(connect(), 'alice', 'wrong'))).toBe(invalid)
    expect(await refusalOf(logIn(connect(), 'nobody', 'secret'))).toBe(invalid)
    expect(await refusalOf(logIn(connect(), '', 'secret'))).toContain('username not specified')
    expect(await refusalOf(logIn(connect(), 'alice', ''))).toContain('password not specified')
  })

  test('refuses to act for another user, and what is no PLAIN at all', async () => {
    const { connect } = listener()
    const other = connect()
    other.handshake('PLAIN')
    expect(await refusalOf(other.authenticate(plain('alice', 'secret', 'bob')))).toContain('authorization id')
    const garbage = connect()
    garbage.handshake('PLAIN')
    expect(await refusalOf(garbage.authenticate(Buffer.from('garbage')))).toBe(
      'SASL_AUTHENTICATION_FAILED: Invalid SASL/PLAIN response: expected 3 tokens, got 1',
    )
    expect(garbage.principal).toBeUndefined()
  })
})

describe('SCRAM', () => {
  test('answers the example of RFC 7677 as it stands there', () => {
    const credentials = new ScramCredentials({ user: 'pencil' }, () =>
      Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
    )
    const server = new ScramServer('SCRAM-SHA-256', credentials, () => '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0')
    expect(server.evaluate(Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')).toString()).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    )
    const final =
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
    expect(server.evaluate(Buffer.from(final)).toString()).toBe(
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    )
    expect(server.user).toBe('user')
  })

  test.each(['sha256', 'sha512'] as const)('lets the client in by %s and proves itself', async (hash) => {
    const authentication = listener().connect()
    await logInByScram(authentication, hash, 'secret')
    expect(authentication.principal?.name).toBe('alice')
  })

  test('says the same for a wrong password, an unknown user and a changed nonce', async () => {
    const { connect } = listener()
    const general =
      'SASL_AUTHENTICATION_FAILED: Authentication failed during authentication due to invalid credentials ' +
      'with SASL mechanism SCRAM-SHA-256'
    expect(await refusalOf(logInByScram(connect(), 'sha256', 'wrong'))).toBe(general)
    const unknown = connect()
    unknown.handshake('SCRAM-SHA-256')
    expect(await refusalOf(unknown.authenticate(Buffer.from('n,,n=nobody,r=abc')))).toBe(general)
    const changed = connect()
    changed.handshake('SCRAM-SHA-256')
    await changed.authenticate(Buffer.from('n,,n=alice,r=abc'))
    expect(await refusalOf(changed.authenticate(Buffer.from('c=biws,r=other,p=AAAA')))).toBe(general)
    const garbage = connect()
    garbage.handshake('SCRAM-SHA-256')
    expect(await refusalOf(garbage.authenticate(Buffer.from([0xff, 0])))).toBe(general)
  })

  test('takes no proof that was made for another challenge', () => {
    const salt = Buffer.from('salt')
    const salted = pbkdf2Sync('secret', salt, 4096, 32, 'sha256')
    const credentials = new ScramCredentials({}, () => salt)
    const credential = scramCredential('SCRAM-SHA-256', salted, salt, 4096)
    credentials.set('alice', 'SCRAM-SHA-256', credential)
    const attempt = (nonce: string): ScramServer => {
      const server = new ScramServer('SCRAM-SHA-256', credentials, () => 'more')
      const first = server.evaluate(Buffer.from('n,,n=alice,r=abc')).toString()
      const withoutProof = `c=biws,r=${nonce}`
      const signed = `n=alice,r=abc,${first},${withoutProof}`
      const clientKey = scramHmac('SCRAM-SHA-256', salted, 'Client Key')
      const signature = scramHmac('SCRAM-SHA-256', credential.storedKey, signed)
      const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0))).toString('base64')
      server.evaluate(Buffer.from(`${withoutProof},p=${proof}`))
      return server
    }
    expect(attempt('abcmore').user).toBe('alice')
    expect(codeOf(() => attempt('abcother'))).toBe('SASL_AUTHENTICATION_FAILED')
  })

  test('names with commas and equal signs are one user', () => {
    const salt = Buffer.from('salt')
    const credentials = new ScramCredentials({}, () => salt)
    const credential = scramCredential('SCRAM-SHA-256', Buffer.alloc(32, 7), salt, 4096)
    credentials.set('a,b=c', 'SCRAM-SHA-256', credential)
    const server = new ScramServer('SCRAM-SHA-256', credentials, () => 'x')
    expect(server.evaluate(Buffer.from('n,,n=a=2Cb=3Dc,r=abc')).toString()).toContain('r=abcx')
  })
})

describe('OAUTHBEARER', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const first = (token: string, as = '') => Buffer.from(`n,${as},\x01auth=Bearer ${token}\x01\x01`)
  const inSeconds = (clock: FakeClock, seconds: number) => clock.wallTime() / 1000 + seconds
  const unsecured = (claims: object) => `${part({ alg: 'none' })}.${part(claims)}.`

  async function present(authentication: Authentication, token: string) {
    authentication.handshake('OAUTHBEARER')
    return await authentication.authenticate(first(token))
  }

  test('takes unsecured tokens when there is no key, for as long as they are valid', async () => {
    const { connect, clock } = listener()
    const authentication = connect()
    const token = unsecured({ sub: 'carol', exp: inSeconds(clock, 60) })
    expect(await present(authentication, token)).toEqual({
      bytes: Buffer.alloc(0),
      sessionLifetimeMs: 60_000,
    })
    expect(authentication.principal?.name).toBe('carol')
    await clock.advance(60_000)
    expect(authentication.isExpired).toBe(false)
    await clock.advance(1)
    expect(authentication.isExpired).toBe(true)
  })

  test('says why by JSON, waits for the byte of RFC 7628, and then refuses', async () => {
    const { connect, clock } = listener()
    for (const claims of [
      { sub: 'carol', exp: inSeconds(clock, 0) },
      { sub: 'carol' },
      { exp: inSeconds(clock, 60) },
      { sub: 'carol', exp: inSeconds(clock, 60), nbf: inSeconds(clock, 30) },
    ]) {
      const authentication = connect()
      const step = await present(authentication, unsecured(claims))
      expect(step.bytes.toString()).toBe('{"status":"invalid_token"}')
      expect(authentication.principal).toBeUndefined()
      expect(await refusalOf(authentication.authenticate(Buffer.from('\x01')))).toBe(
        'SASL_AUTHENTICATION_FAILED: {"status":"invalid_token"}',
      )
    }
    const malformed = connect()
    malformed.handshake('OAUTHBEARER')
    expect(await refusalOf(malformed.authenticate(Buffer.from('hello')))).toContain(
      'with SASL mechanism OAUTHBEARER',
    )
  })

  test('takes no token for unsecured that names a signature and has none', async () => {
    const { connect, clock } = listener()
    const token = `${part({ alg: 'HS256' })}.${part({ sub: 'carol', exp: inSeconds(clock, 60) })}.`
    expect((await present(connect(), token)).bytes.toString()).toContain('invalid_token')
  })

  test('refuses to act for another user than that of the token', async () => {
    const { connect, clock } = listener()
    const authentication = connect()
    authentication.handshake('OAUTHBEARER')
    const token = unsecured({ sub: 'carol', exp: inSeconds(clock, 60) })
    expect(await refusalOf(authentication.authenticate(first(token, 'a=dave')))).toContain(
      "(dave) that is different from the token's principal name (carol)",
    )
  })

  test('takes only tokens signed by the secret, when there is one', async () => {
    const { connect, clock } = listener({ oauthKey: 'key' })
    const text = `${part({ alg: 'HS256' })}.${part({ sub: 'carol', exp: inSeconds(clock, 60) })}`
    const signedBy = (key: string) => `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
    const good = connect()
    await present(good, signedBy('key'))
    expect(good.principal?.name).toBe('carol')
    for (const token of [
      signedBy('other'),
      unsecured({ sub: 'carol', exp: inSeconds(clock, 60) }),
      `${text}.`,
    ]) {
      const bad = connect()
      expect((await present(bad, token)).bytes.toString()).toContain('invalid_token')
      expect(bad.principal).toBeUndefined()
    }
  })

  test('needs a key that can be read', () => {
    const broken = '-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----'
    expect(() => listener({ oauthKey: broken })).toThrow(
      'sasl.oauthKey looks like PEM and holds no public key',
    )
  })

  test('takes only tokens signed by the private key of a public one', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' })
    const { connect, clock } = listener({ oauthKey: pem })
    const claims = part({ sub: 'carol', exp: inSeconds(clock, 60) })
    const text = `${part({ alg: 'RS256' })}.${claims}`
    const good = connect()
    await present(good, `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`)
    expect(good.principal?.name).toBe('carol')
    // The public key as a secret: the mistake of many verifiers.
    const confused = `${part({ alg: 'HS256' })}.${claims}`
    const mac = createHmac('sha256', pem).update(confused).digest('base64url')
    expect((await present(connect(), `${confused}.${mac}`)).bytes.toString()).toContain('invalid_token')
  })
})

describe('the sessions of a connection', () => {
  test('begin with a handshake for a mechanism that the listener offers', async () => {
    const { connect } = listener({ mechanisms: ['PLAIN'] })
    const authentication = connect()
    expect(await refusalOf(authentication.authenticate(plain('alice', 'secret')))).toContain(
      'ILLEGAL_SASL_STATE',
    )
    expect(codeOf(() => authentication.handshake('SCRAM-SHA-256'))).toBe('UNSUPPORTED_SASL_MECHANISM')
    expect(codeOf(() => authentication.handshake('GSSAPI'))).toBe('UNSUPPORTED_SASL_MECHANISM')
    expect(codeOf(() => authentication.handshake('PLAIN'))).toBe('NONE')
    expect(codeOf(() => authentication.handshake('PLAIN'))).toBe('ILLEGAL_SASL_STATE')
  })

  test('last as long as the connection when nothing limits them, and are not renewed', async () => {
    const { connect, clock } = listener()
    const authentication = connect()
    await logIn(authentication)
    await clock.advance(1e9)
    expect(authentication.isExpired).toBe(false)
    expect(codeOf(() => authentication.handshake('PLAIN'))).toBe('ILLEGAL_SASL_STATE')
  })

  test('last connections.max.reauth.ms, and are renewed by the same user and mechanism', async () => {
    const { connect, clock } = listener({ maxReauthMs: 10_000 })
    const authentication = connect()
    expect((await logIn(authentication)).sessionLifetimeMs).toBe(10_000)
    await clock.advance(9_000)
    await logIn(authentication)
    await clock.advance(9_000)
    expect(authentication.isExpired).toBe(false)
    await clock.advance(1_001)
    expect(authentication.isExpired).toBe(true)
    await logIn(authentication)
    expect(authentication.isExpired).toBe(false)
  })

  test('are not renewed more than once a second, by another user or by another mechanism', async () => {
    const { connect, clock } = listener({ maxReauthMs: 10_000 })
    const authentication = connect()
    await logIn(authentication)
    await logIn(authentication)
    expect(codeOf(() => authentication.handshake('PLAIN'))).toBe('ILLEGAL_SASL_STATE')
    await clock.advance(1_000)
    expect(await refusalOf(logIn(authentication, 'bob', 'hush'))).toContain(
      'Cannot change principals during re-authentication from User.alice: User.bob',
    )
    expect(authentication.principal?.name).toBe('alice')
    await clock.advance(1_000)
    authentication.handshake('SCRAM-SHA-256')
    expect(await refusalOf(authentication.authenticate(Buffer.from('n,,n=alice,r=a')))).toContain(
      "SASL mechanism 'SCRAM-SHA-256' requested by client is not supported for re-authentication of mechanism 'PLAIN'",
    )
  })
})

describe('SaslHandshake and SaslAuthenticate', () => {
  const contextOf = (authentication: Authentication | undefined, apiVersion: number) => {
    const context = fakeContext({ apiVersion })
    return { ...context, session: { ...context.session, authentication } }
  }

  test('name the mechanisms, and the lifetime of the session from version 1 on', async () => {
    const { connect } = listener({ mechanisms: ['PLAIN'], maxReauthMs: 5_000 })
    for (const apiVersion of [0, 1, 2]) {
      const authentication = connect()
      const hello = contextOf(authentication, Math.min(apiVersion, 1))
      expect(await answer(saslHandshakeHandler(), { mechanism: 'X' }, hello)).toEqual({
        errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM,
        mechanisms: ['PLAIN'],
      })
      await answer(saslHandshakeHandler(), { mechanism: 'PLAIN' }, hello)
      const bytes = { authBytes: plain('alice', 'secret') }
      const response = await answer(saslAuthenticateHandler(), bytes, contextOf(authentication, apiVersion))
      expect(response).toMatchObject({ errorCode: 0, errorMessage: '', sessionLifetimeMs: 5_000n })
    }
  })

  test('are refused with words, and where nobody has to authenticate', async () => {
    const authentication = listener().connect()
    authentication.handshake('PLAIN')
    const context = contextOf(authentication, 2)
    const wrong = await answer(saslAuthenticateHandler(), { authBytes: plain('alice', 'no') }, context)
    expect(wrong).toMatchObject({
      errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
      errorMessage: 'Authentication failed: Invalid username or password',
    })
    const open = contextOf(undefined, 1)
    expect((await answer(saslHandshakeHandler(), { mechanism: 'PLAIN' }, open)).errorCode).toBe(
      ErrorCode.ILLEGAL_SASL_STATE,
    )
    const needless = await answer(saslAuthenticateHandler(), { authBytes: plain('alice', 'secret') }, open)
    expect(needless.errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE)
  })
})
