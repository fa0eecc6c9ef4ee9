// Guards against tokens that give other rights or last longer than was asked for, and against an hmac in an error (L21).
import { Admin } from '../../../src/admin/admin'
import { ErrorCode } from '../../../src/base/error-codes'
import { InvalidArgumentError, InvalidOptionError } from '../../../src/base/errors'
import { createDelegationTokenApi } from '../../../src/wire/generated/client/create-delegation-token'
import { describeDelegationTokenApi } from '../../../src/wire/generated/client/describe-delegation-token'
import { expireDelegationTokenApi } from '../../../src/wire/generated/client/expire-delegation-token'
import { renewDelegationTokenApi } from '../../../src/wire/generated/client/renew-delegation-token'
import { rejectionOf } from '../../support/rejection'
import { FakeCluster } from './fake-cluster'

function setUp() {
  const cluster = new FakeCluster()
  cluster.controllerId = 2
  return { cluster, admin: new Admin(cluster) }
}

const hmac = Buffer.from('the hmac of a token')
const created = {
  errorCode: 0,
  principalType: 'User',
  principalName: 'alice',
  tokenRequesterPrincipalType: 'User',
  tokenRequesterPrincipalName: 'admin:1',
  issueTimestampMs: 1000n,
  expiryTimestampMs: 2000n,
  maxTimestampMs: 3000n,
  tokenId: 'id',
  hmac,
  throttleTimeMs: 0,
}

describe('createDelegationToken', () => {
  it('asks the controller for what it was told, and gives what a client logs in with', async () => {
    const { cluster, admin } = setUp()
    const asked: unknown[] = []
    cluster.on(createDelegationTokenApi, ({ request, version }) => {
      asked.push([version, request])
      return created
    })
    const options = {
      owner: 'User:alice',
      renewers: ['User:bob', 'User:CN=c, O=d:e'],
      maxLifetimeMs: 60_000,
    }
    expect(await admin.createDelegationToken(options)).toEqual({
      tokenId: 'id',
      hmac: hmac.toString('base64'),
      owner: 'User:alice',
      requester: 'User:admin:1',
      renewers: ['User:bob', 'User:CN=c, O=d:e'],
      issueTime: 1000,
      expiryTime: 2000,
      maxTime: 3000,
    })
    expect(asked).toEqual([
      [
        3,
        {
          ownerPrincipalType: 'User',
          ownerPrincipalName: 'alice',
          renewers: [
            { principalType: 'User', principalName: 'bob' },
            { principalType: 'User', principalName: 'CN=c, O=d:e' },
          ],
          maxLifetimeMs: 60_000n,
        },
      ],
    ])
    expect(cluster.sent).toEqual(['CreateDelegationToken@2'])
  })

  it('leaves to old brokers what they can, and does not ask them for a token of another user', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('CreateDelegationToken', 2)
    const old = { tokenRequesterPrincipalType: '', tokenRequesterPrincipalName: '' }
    const asked: unknown[] = []
    cluster.on(createDelegationTokenApi, ({ request }) => {
      asked.push(request)
      return { ...created, ...old }
    })
    expect(await admin.createDelegationToken()).toMatchObject({ requester: null, renewers: [] })
    expect(asked).toEqual([{ renewers: [], maxLifetimeMs: -1n }])
    await expect(admin.createDelegationToken({ owner: 'User:alice' })).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
    expect(asked).toHaveLength(1)
  })

  it('lists every wrong option, and sends nothing', async () => {
    const { cluster, admin } = setUp()
    const error = await rejectionOf(
      admin.createDelegationToken({ owner: 'alice', renewers: ['User:'], maxLifetimeMs: 0 }),
    )
    expect(error).toBeInstanceOf(InvalidOptionError)
    for (const name of ['owner', 'renewers', 'maxLifetimeMs']) {
      expect(error.message).toContain(name)
    }
    expect(cluster.sent).toEqual([])
  })

  it.each([
    [ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED, /no delegation\.token\.secret\.key/],
    [ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, /log in by SASL with a password/],
    [ErrorCode.INVALID_PRINCIPAL_TYPE, /renewers have to be users/],
    [ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED, /DELEGATION_TOKEN_AUTHORIZATION_FAILED/],
  ])('says why a broker refuses with %d', async (errorCode, why) => {
    const { cluster, admin } = setUp()
    cluster.on(createDelegationTokenApi, () => ({ ...created, errorCode }))
    const error = await rejectionOf(admin.createDelegationToken())
    expect(error).toMatchObject({ name: 'BrokerError', errorCode })
    expect(error.message).toMatch(why)
  })
})

describe('a token', () => {
  const answer = { errorCode: 0, expiryTimestampMs: 5000n, throttleTimeMs: 0 }

  it('is renewed and expired by its hmac, for as long as the broker wants or as was said', async () => {
    const { cluster, admin } = setUp()
    const asked: unknown[] = []
    cluster.on(renewDelegationTokenApi, ({ request }) => {
      asked.push(request.renewPeriodMs)
      expect(Buffer.from(request.hmac)).toEqual(hmac)
      return answer
    })
    cluster.on(expireDelegationTokenApi, ({ request }) => {
      asked.push(request.expiryTimePeriodMs)
      expect(Buffer.from(request.hmac)).toEqual(hmac)
      return answer
    })
    const text = hmac.toString('base64')
    expect(await admin.renewDelegationToken(text)).toEqual({ expiryTime: 5000 })
    await admin.renewDelegationToken(text, { renewTimePeriodMs: 7 })
    expect(await admin.expireDelegationToken(text)).toEqual({ expiryTime: 5000 })
    await admin.expireDelegationToken(text, { expiryTimePeriodMs: 9 })
    expect(asked).toEqual([-1n, 7n, -1n, 9n])
    expect(cluster.sent).toEqual([
      'RenewDelegationToken@2',
      'RenewDelegationToken@2',
      'ExpireDelegationToken@2',
      'ExpireDelegationToken@2',
    ])
  })

  it('whose hmac is none is refused before anything is sent, and the hmac is in no error', async () => {
    const { cluster, admin } = setUp()
    for (const wrong of ['hidden!', '', 5 as never]) {
      const error = await rejectionOf(admin.expireDelegationToken(wrong))
      expect(error).toBeInstanceOf(InvalidArgumentError)
      expect(String(error)).not.toContain('hidden!')
    }
    await expect(admin.renewDelegationToken('aaaa', { renewTimePeriodMs: -5 })).rejects.toBeInstanceOf(
      InvalidOptionError,
    )
    expect(cluster.sent).toEqual([])
    cluster.on(renewDelegationTokenApi, () => ({
      ...answer,
      errorCode: ErrorCode.DELEGATION_TOKEN_NOT_FOUND,
    }))
    const error = await rejectionOf(admin.renewDelegationToken('aGlkZGVu'))
    expect(String(error)).toContain('no token has this hmac')
    expect(String(error) + JSON.stringify(error)).not.toContain('aGlkZGVu')
  })

  it('is described with its renewers; owners that are not named are all', async () => {
    const { cluster, admin } = setUp()
    const asked: unknown[] = []
    cluster.on(describeDelegationTokenApi, ({ request }) => {
      asked.push(request.owners)
      return {
        errorCode: 0,
        throttleTimeMs: 0,
        tokens: [
          {
            principalType: 'User',
            principalName: 'alice',
            tokenRequesterPrincipalType: 'User',
            tokenRequesterPrincipalName: 'alice',
            issueTimestamp: 1n,
            expiryTimestamp: 2n,
            maxTimestamp: 3n,
            tokenId: 'id',
            hmac,
            renewers: [{ principalType: 'User', principalName: 'bob' }],
          },
        ],
      }
    })
    expect(await admin.describeDelegationTokens()).toEqual([
      {
        tokenId: 'id',
        hmac: hmac.toString('base64'),
        owner: 'User:alice',
        requester: 'User:alice',
        renewers: ['User:bob'],
        issueTime: 1,
        expiryTime: 2,
        maxTime: 3,
      },
    ])
    await admin.describeDelegationTokens({ owners: ['User:alice'] })
    expect(asked).toEqual([null, [{ principalType: 'User', principalName: 'alice' }]])
    await expect(admin.describeDelegationTokens({ owners: [] })).rejects.toBeInstanceOf(InvalidOptionError)
    expect(cluster.sent).toEqual(['DescribeDelegationToken@1', 'DescribeDelegationToken@1'])
  })
})
