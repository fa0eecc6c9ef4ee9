// Guards against security APIs that answer a client otherwise than Kafka does, in codes or in words.
import { pbkdf2Sync } from 'node:crypto'
import { alterUserScramCredentialsApi } from '../../src/wire/generated/client/alter-user-scram-credentials'
import { createAclsApi } from '../../src/wire/generated/client/create-acls'
import { createDelegationTokenApi } from '../../src/wire/generated/client/create-delegation-token'
import { deleteAclsApi } from '../../src/wire/generated/client/delete-acls'
import { describeAclsApi } from '../../src/wire/generated/client/describe-acls'
import { describeClusterApi } from '../../src/wire/generated/client/describe-cluster'
import { describeDelegationTokenApi } from '../../src/wire/generated/client/describe-delegation-token'
import { describeGroupsApi } from '../../src/wire/generated/client/describe-groups'
import { describeUserScramCredentialsApi } from '../../src/wire/generated/client/describe-user-scram-credentials'
import { expireDelegationTokenApi } from '../../src/wire/generated/client/expire-delegation-token'
import { metadataApi } from '../../src/wire/generated/client/metadata'
import { renewDelegationTokenApi } from '../../src/wire/generated/client/renew-delegation-token'
import { saslAuthenticateApi } from '../../src/wire/generated/client/sasl-authenticate'
import { saslHandshakeApi } from '../../src/wire/generated/client/sasl-handshake'
import { code, describeEachBroker } from './support/describe-each-broker'
import { newGroup } from './support/groups'
import { createTopic, only } from './support/log'

const any = 1

describeEachBroker('a listener that asks for nothing', {}, (broker) => {
  it('has no ACLs to tell of, to create or to delete', async () => {
    const filter = {
      resourceTypeFilter: any,
      resourceNameFilter: null,
      patternTypeFilter: any,
      principalFilter: null,
      hostFilter: null,
      operation: any,
      permissionType: any,
    }
    const described = await broker.raw(describeAclsApi, 2, filter)
    expect([code(described.errorCode), described.errorMessage]).toEqual([
      'SECURITY_DISABLED',
      'No Authorizer is configured on the broker',
    ])
    const deleted = only((await broker.raw(deleteAclsApi, 2, { filters: [filter] })).filterResults)
    expect([code(deleted.errorCode), deleted.errorMessage]).toEqual([
      'SECURITY_DISABLED',
      'No Authorizer is configured.',
    ])
    const creation = {
      resourceType: 2,
      resourceName: 'orders',
      resourcePatternType: 3,
      principal: 'User:alice',
      host: '*',
      operation: 3,
      permissionType: 3,
    }
    const created = only((await broker.raw(createAclsApi, 2, { creations: [creation] })).results)
    expect([code(created.errorCode), created.errorMessage]).toEqual([
      'SECURITY_DISABLED',
      'No Authorizer is configured.',
    ])
  })

  it('allows everything there is on a resource, by one bit each', async () => {
    const topic = await createTopic(broker)
    const metadata = await broker.raw(metadataApi, 9, {
      topics: [{ name: topic.name }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
    })
    expect(only(metadata.topics).topicAuthorizedOperations).toBe(0b1101_1111_1000)
    const cluster = await broker.raw(describeClusterApi, 0, { includeClusterAuthorizedOperations: true })
    expect(cluster.clusterAuthorizedOperations).toBe(0b1_1111_1010_0000)
    const group = await newGroup(broker)
    const described = await broker.raw(describeGroupsApi, 4, {
      groups: [group],
      includeAuthorizedOperations: true,
    })
    expect(only(described.groups).authorizedOperations).toBe(
      broker.pick({ '3.7': 0b1_0100_1000, '4.3': 0b1101_0100_1000 }),
    )
  })

  it('gives no delegation tokens to those who did not authenticate', async () => {
    const hmac = Buffer.from('hmac')
    const create = { renewers: [], maxLifetimeMs: -1n }
    const codes = [
      (await broker.raw(createDelegationTokenApi, 2, create)).errorCode,
      (await broker.raw(renewDelegationTokenApi, 2, { hmac, renewPeriodMs: 1n })).errorCode,
      (await broker.raw(expireDelegationTokenApi, 2, { hmac, expiryTimePeriodMs: 1n })).errorCode,
      (await broker.raw(describeDelegationTokenApi, 2, { owners: null })).errorCode,
    ]
    expect(codes.map(code)).toEqual(Array(4).fill('DELEGATION_TOKEN_REQUEST_NOT_ALLOWED'))
  })

  it('does not expect SASL', async () => {
    const hello = await (await broker.connect()).ask(saslHandshakeApi, 1, { mechanism: 'PLAIN' })
    expect([code(hello.errorCode), hello.mechanisms]).toEqual(['ILLEGAL_SASL_STATE', []])
    const authBytes = Buffer.from('\0alice\0secret')
    const answer = await (await broker.connect()).ask(saslAuthenticateApi, 1, { authBytes })
    expect([code(answer.errorCode), answer.errorMessage]).toEqual([
      'ILLEGAL_SASL_STATE',
      'SaslAuthenticate request received after successful authentication',
    ])
  })
})

describeEachBroker('SCRAM credentials', {}, (broker) => {
  const salt = Buffer.from('salt')
  const saltedPassword = pbkdf2Sync('pencil', salt, 4096, 32, 'sha256')
  const upsertion = (name: string, more: { mechanism?: number; iterations?: number } = {}) => ({
    name,
    mechanism: 1,
    iterations: 4096,
    salt,
    saltedPassword,
    ...more,
  })
  const alter = async (
    deletions: { name: string; mechanism: number }[],
    upsertions: ReturnType<typeof upsertion>[],
  ): Promise<[string, string | null][]> => {
    const { results } = await broker.raw(alterUserScramCredentialsApi, 0, { deletions, upsertions })
    return results.map((it) => [code(it.errorCode), it.errorMessage])
  }
  const describeUsers = async (...names: string[]) => {
    const request = { users: names.map((name) => ({ name })) }
    const { results } = await broker.raw(describeUserScramCredentialsApi, 0, request)
    return results.map((it) => [
      code(it.errorCode),
      it.errorMessage?.replace(/: .*/, '') ?? null,
      it.credentialInfos,
    ])
  }
  /** A broker answers before it has seen what the controller changed. */
  const untilThere = async (name: string, isThere: boolean) => {
    for (;;) {
      const [found] = await describeUsers(name)
      if ((found?.[0] === 'NONE') === isThere) return found
    }
  }

  it('are set, described and deleted', async () => {
    const user = broker.uniqueName('user')
    expect(await alter([], [upsertion(user, { iterations: 8192 })])).toEqual([['NONE', null]])
    expect(await untilThere(user, true)).toEqual(['NONE', '', [{ mechanism: 1, iterations: 8192 }]])
    expect(await alter([{ name: user, mechanism: 1 }], [])).toEqual([['NONE', null]])
    expect(await untilThere(user, false)).toEqual([
      'RESOURCE_NOT_FOUND',
      'Attempt to describe a user credential that does not exist',
      [],
    ])
  })

  it('are refused when they make no sense', async () => {
    const user = broker.uniqueName('user')
    expect(await alter([{ name: user, mechanism: 1 }], [])).toEqual([
      ['RESOURCE_NOT_FOUND', 'Attempt to delete a user credential that does not exist'],
    ])
    expect(await alter([], [upsertion(user, { iterations: 4095 })])).toEqual([
      ['UNACCEPTABLE_CREDENTIAL', 'Too few iterations'],
    ])
    expect(await alter([], [upsertion(user, { iterations: 16385 })])).toEqual([
      ['UNACCEPTABLE_CREDENTIAL', 'Too many iterations'],
    ])
    expect(await alter([], [upsertion('')])).toEqual([
      ['UNACCEPTABLE_CREDENTIAL', 'Username must not be empty'],
    ])
    expect(await alter([], [upsertion(user, { mechanism: 7 })])).toEqual([
      ['UNSUPPORTED_SASL_MECHANISM', 'Unknown SCRAM mechanism'],
    ])
    expect(await alter([], [upsertion(user), upsertion(user)])).toEqual([
      ['DUPLICATE_RESOURCE', 'A user credential cannot be altered twice in the same request'],
    ])
    expect(await describeUsers(user, user)).toEqual([
      [
        'DUPLICATE_RESOURCE',
        'Cannot describe SCRAM credentials for the same user twice in a single request',
        [],
      ],
    ])
  })
})
