// Guards against credentials that an admin changes and that still let in, or no longer do, whom they should.
import { pbkdf2Sync } from 'node:crypto'
import { ErrorCode } from '../../../../src/base/error-codes'
import { alterUserScramCredentialsHandler } from '../../../../src/testing/apis/alter-user-scram-credentials'
import { describeUserScramCredentialsHandler } from '../../../../src/testing/apis/describe-user-scram-credentials'
import { ScramCredentials } from '../../../../src/testing/security/scram-credentials'
import { answer } from '../support/answer'
import { fakeContext, FakeTransactionServices } from '../support/fake-transaction-services'

function makeAdmin() {
  const fakes = new FakeTransactionServices()
  const services = { authorizer: { ...fakes.authorizer, authorizedOperations: () => 0 } }
  const credentials = new ScramCredentials({ alice: 'secret' }, () => Buffer.from('grain'))
  const alter = alterUserScramCredentialsHandler(services, credentials)
  const describe = describeUserScramCredentialsHandler(services, credentials)
  return {
    credentials,
    forbidden: fakes.forbidden,
    alter: (
      deletions: { name: string; mechanism: number }[],
      upsertions: ReturnType<typeof upsertion>[] = [],
    ) => answer(alter, { deletions, upsertions }, fakeContext()).then((it) => it.results),
    describe: (...users: string[]) =>
      answer(describe, { users: users.map((name) => ({ name })) }, fakeContext()),
  }
}

function upsertion(name: string, changes: { mechanism?: number; iterations?: number } = {}) {
  const salt = Buffer.from('salt')
  const saltedPassword = pbkdf2Sync('pencil', salt, 4096, 32, 'sha256')
  return { name, mechanism: 1, iterations: 4096, salt, saltedPassword, ...changes }
}

test('users that were given by password have both mechanisms, salted when they are first needed', async () => {
  const admin = makeAdmin()
  const { results } = await admin.describe()
  expect(results).toMatchObject([
    {
      user: 'alice',
      credentialInfos: [
        { mechanism: 1, iterations: 4096 },
        { mechanism: 2, iterations: 4096 },
      ],
    },
  ])
  const credential = admin.credentials.get('alice', 'SCRAM-SHA-256')
  expect(credential?.salt.toString()).toBe('grain')
  expect(admin.credentials.get('alice', 'SCRAM-SHA-256')).toBe(credential)
})

test('an admin sets, replaces and deletes credentials', async () => {
  const admin = makeAdmin()
  expect(await admin.alter([], [upsertion('bob'), upsertion('alice', { iterations: 8192 })])).toEqual([
    { user: 'bob', errorCode: 0, errorMessage: null },
    { user: 'alice', errorCode: 0, errorMessage: null },
  ])
  expect(admin.credentials.get('alice', 'SCRAM-SHA-256')?.iterations).toBe(8192)
  await admin.alter([
    { name: 'alice', mechanism: 1 },
    { name: 'alice', mechanism: 2 },
  ])
  expect(admin.credentials.get('alice', 'SCRAM-SHA-256')).toBeUndefined()
  expect(admin.credentials.get('alice', 'SCRAM-SHA-512')).toBeUndefined()
  expect(admin.credentials.users).toEqual(['bob'])
})

test('what makes no sense is refused by user, and changes nothing', async () => {
  const admin = makeAdmin()
  const deletions = [
    { name: 'nobody', mechanism: 1 },
    { name: 'twice', mechanism: 1 },
  ]
  const upsertions = [
    upsertion('few', { iterations: 4095 }),
    upsertion('many', { iterations: 16385 }),
    upsertion('', {}),
    upsertion('odd', { mechanism: 3 }),
    upsertion('twins'),
    upsertion('twins'),
  ]
  const results = await admin.alter(deletions, upsertions)
  expect(results.map((it) => [it.user, it.errorCode, it.errorMessage])).toEqual([
    ['nobody', ErrorCode.RESOURCE_NOT_FOUND, 'Attempt to delete a user credential that does not exist'],
    ['twice', ErrorCode.RESOURCE_NOT_FOUND, 'Attempt to delete a user credential that does not exist'],
    ['few', ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too few iterations'],
    ['many', ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too many iterations'],
    ['', ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Username must not be empty'],
    ['odd', ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism'],
    ['twins', ErrorCode.DUPLICATE_RESOURCE, 'A user credential cannot be altered twice in the same request'],
  ])
  expect(admin.credentials.users).toEqual(['alice'])
})

test('describing names who is unknown and who was asked for twice', async () => {
  const { results } = await makeAdmin().describe('alice', 'nobody', 'twice', 'twice')
  expect(results.map((it) => [it.user, it.errorCode, it.errorMessage])).toEqual([
    ['alice', 0, ''],
    [
      'nobody',
      ErrorCode.RESOURCE_NOT_FOUND,
      'Attempt to describe a user credential that does not exist: nobody',
    ],
    [
      'twice',
      ErrorCode.DUPLICATE_RESOURCE,
      'Cannot describe SCRAM credentials for the same user twice in a single request: twice',
    ],
  ])
})

test('both are for those who may', async () => {
  const admin = makeAdmin()
  admin.forbidden.add('Describe Cluster kafka-cluster')
  admin.forbidden.add('Alter Cluster kafka-cluster')
  expect((await admin.describe()).errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
  const [refused] = await admin.alter([], [upsertion('bob')])
  expect(refused?.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
})
