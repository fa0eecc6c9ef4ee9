// Guards against clients that log in as somebody else by a token, and refusals of tokens that nobody understands.
import { AuthenticationError, Kafka, silentLogger, type Admin } from '../../src'
import { openAdminCluster } from './support/admin-cluster'
import { errorOf } from './support/case-runner'

const secured = { sasl: { users: { alice: 'alice-secret' } } }

const calls: readonly [string, (admin: Admin) => Promise<unknown>][] = [
  ['createDelegationToken', (admin) => admin.createDelegationToken({ owner: 'User:bob' })],
  ['renewDelegationToken', (admin) => admin.renewDelegationToken('aaaa')],
  ['expireDelegationToken', (admin) => admin.expireDelegationToken('aaaa')],
  ['describeDelegationTokens', (admin) => admin.describeDelegationTokens()],
]

describe.each(calls)('%s', (_, call) => {
  it('is not for those who did not log in', async () => {
    await using test = await openAdminCluster()
    const error = await errorOf(call(test.admin))
    expect(error).toMatchObject({ code: 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED' })
    expect((error as Error).message).toContain('log in by SASL')
  })

  it('says that brokers have no key to make tokens with', async () => {
    await using test = await openAdminCluster(secured)
    const error = await errorOf(call(test.admin))
    expect(error).toMatchObject({ code: 'DELEGATION_TOKEN_AUTH_DISABLED' })
    expect((error as Error).message).toContain('delegation.token.secret.key')
  })
})

it.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
  'a token does not log in where there are none, also not with the name and the password of a user: %s',
  async (mechanism) => {
    await using test = await openAdminCluster(secured)
    const logIn = async (tokenAuth: boolean) => {
      const sasl = { mechanism, username: 'alice', password: 'alice-secret', tokenAuth }
      await using admin = new Kafka({ ...test.cluster.clientOptions(), logger: silentLogger, sasl }).admin()
      await admin.connect()
    }
    await logIn(false)
    const error = await errorOf(logIn(true))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect((error as Error).message).toContain('check the id and the hmac of the token')
  },
)
