// Guards against a broker that knows users and their rights otherwise than Kafka does.
import { pbkdf2Sync } from 'node:crypto'
import { addPartitionsToTxnApi } from '../../src/wire/generated/client/add-partitions-to-txn'
import { alterClientQuotasApi } from '../../src/wire/generated/client/alter-client-quotas'
import { alterUserScramCredentialsApi } from '../../src/wire/generated/client/alter-user-scram-credentials'
import { createAclsApi, type CreateAclsRequestAclCreation } from '../../src/wire/generated/client/create-acls'
import { createDelegationTokenApi } from '../../src/wire/generated/client/create-delegation-token'
import { createTopicsApi } from '../../src/wire/generated/client/create-topics'
import { deleteAclsApi } from '../../src/wire/generated/client/delete-acls'
import { describeAclsApi } from '../../src/wire/generated/client/describe-acls'
import { describeClientQuotasApi } from '../../src/wire/generated/client/describe-client-quotas'
import { describeDelegationTokenApi } from '../../src/wire/generated/client/describe-delegation-token'
import { describeTransactionsApi } from '../../src/wire/generated/client/describe-transactions'
import { describeUserScramCredentialsApi } from '../../src/wire/generated/client/describe-user-scram-credentials'
import { expireDelegationTokenApi } from '../../src/wire/generated/client/expire-delegation-token'
import { fetchApi } from '../../src/wire/generated/client/fetch'
import { findCoordinatorApi } from '../../src/wire/generated/client/find-coordinator'
import { initProducerIdApi } from '../../src/wire/generated/client/init-producer-id'
import { metadataApi } from '../../src/wire/generated/client/metadata'
import { produceApi } from '../../src/wire/generated/client/produce'
import { renewDelegationTokenApi } from '../../src/wire/generated/client/renew-delegation-token'
import { saslAuthenticateApi } from '../../src/wire/generated/client/sasl-authenticate'
import { saslHandshakeApi } from '../../src/wire/generated/client/sasl-handshake'
import { writeTxnMarkersApi } from '../../src/wire/generated/client/write-txn-markers'
import { code } from './support/describe-each-broker'
import { batch, only } from './support/log'
import { untilSettled } from './support/transactions'
import type { RawClient } from './support/raw-client'
import {
  describeSecuredBroker,
  logInByPlain,
  logInByScram,
  plainUser,
  sessionLifetimeMs,
  superUser,
} from './support/secured-broker'

const [any, match, literal, prefixed] = [1, 2, 3, 4]
const [topicType, groupType, clusterType] = [2, 3, 4]
const [read, write, describeOperation, idempotentWrite, deny, allow] = [3, 4, 8, 12, 2, 3]

/** What a refused step says. */
const said = ({ errorCode, errorMessage }: { errorCode: number; errorMessage?: string | null }) => [
  code(errorCode),
  errorMessage,
]

describeSecuredBroker('SASL', (broker) => {
  const general = (mechanism: string) =>
    `Authentication failed during authentication due to invalid credentials with SASL mechanism ${mechanism}`

  it('lets users in by PLAIN, for as long as a session lasts', async () => {
    const answer = await logInByPlain(await broker.connect(), plainUser, 'bob-secret')
    expect([code(answer.errorCode), answer.errorMessage]).toEqual(['NONE', ''])
    expect([answer.authBytes.length, answer.sessionLifetimeMs]).toEqual([0, BigInt(sessionLifetimeMs)])
  })

  it('tells why it refuses by PLAIN, and nothing by SCRAM', async () => {
    const invalid = ['SASL_AUTHENTICATION_FAILED', 'Authentication failed: Invalid username or password']
    expect(said(await logInByPlain(await broker.connect(), plainUser, 'wrong'))).toEqual(invalid)
    expect(said(await logInByPlain(await broker.connect(), 'nobody', 'wrong'))).toEqual(invalid)
    const client = await broker.connect()
    await client.ask(saslHandshakeApi, 1, { mechanism: 'PLAIN' })
    const garbage = await client.ask(saslAuthenticateApi, 1, { authBytes: Buffer.from('garbage') })
    expect(said(garbage)).toEqual([
      'SASL_AUTHENTICATION_FAILED',
      'Invalid SASL/PLAIN response: expected 3 tokens, got 1',
    ])
    const secret = ['SASL_AUTHENTICATION_FAILED', general('SCRAM-SHA-256')]
    expect(said(await logInByScram(await broker.connect(), plainUser, 'wrong'))).toEqual(secret)
    expect(said(await logInByScram(await broker.connect(), 'nobody', 'wrong'))).toEqual(secret)
  })

  it('lets users in by SCRAM', async () => {
    expect(code((await logInByScram(await broker.connect(), plainUser, 'bob-secret')).errorCode)).toBe('NONE')
  })

  it('names the mechanisms there are to a client that asks for another one', async () => {
    const hello = await (await broker.connect()).ask(saslHandshakeApi, 1, { mechanism: 'GSSAPI' })
    expect([code(hello.errorCode), [...hello.mechanisms].sort()]).toEqual([
      'UNSUPPORTED_SASL_MECHANISM',
      ['OAUTHBEARER', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
    ])
  })

  it('serves nothing before', async () => {
    const client = await broker.connect()
    await expect(client.ask(metadataApi, 9, { topics: [] })).rejects.toThrow('The broker closed it')
  })

  it('takes the same user again on the same connection, and no other one', async () => {
    const client = await broker.session(plainUser)
    expect(code((await logInByPlain(client, plainUser, 'bob-secret')).errorCode)).toBe('NONE')
    const other = await broker.session(plainUser)
    expect(said(await logInByPlain(other, superUser, 'alice-secret'))).toEqual([
      'SASL_AUTHENTICATION_FAILED',
      'Cannot change principals during re-authentication from User.bob: User.alice',
    ])
  })

  it('knows bearers of tokens, and waits for their confirmation before it fails', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const now = Math.floor(Date.now() / 1000)
    const present = async (client: RawClient, claims: object) => {
      await client.ask(saslHandshakeApi, 1, { mechanism: 'OAUTHBEARER' })
      const token = `${part({ alg: 'none' })}.${part(claims)}.`
      return client.ask(saslAuthenticateApi, 2, {
        authBytes: Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`),
      })
    }
    const answer = await present(await broker.connect(), { sub: 'carol', iat: now, exp: now + 600 })
    expect([code(answer.errorCode), answer.authBytes.length]).toEqual(['NONE', 0])
    expect(answer.sessionLifetimeMs).toBeGreaterThan(500_000n)
    expect(answer.sessionLifetimeMs).toBeLessThanOrEqual(600_000n)
    const client = await broker.connect()
    const expired = await present(client, { sub: 'carol', iat: now - 700, exp: now - 600 })
    expect([code(expired.errorCode), expired.authBytes.toString()]).toEqual([
      'NONE',
      '{"status":"invalid_token"}',
    ])
    const end = await client.ask(saslAuthenticateApi, 2, { authBytes: Buffer.from('\x01') })
    expect(said(end)).toEqual(['SASL_AUTHENTICATION_FAILED', '{"status":"invalid_token"}'])
  })

  it('lets in whom an admin gave a credential, by SCRAM', async () => {
    const name = broker.uniqueName('user')
    const salt = Buffer.from('salt')
    const saltedPassword = pbkdf2Sync('pencil', salt, 4096, 32, 'sha256')
    const admin = await broker.session(superUser)
    const upsertions = [{ name, mechanism: 1, iterations: 4096, salt, saltedPassword }]
    const { results } = await admin.ask(alterUserScramCredentialsApi, 0, { deletions: [], upsertions })
    expect(code(results[0]?.errorCode)).toBe('NONE')
    const isThere = async (): Promise<boolean> => {
      const found = await admin.ask(describeUserScramCredentialsApi, 0, { users: [{ name }] })
      return found.results[0]?.errorCode === 0
    }
    while (!(await isThere()));
    expect(code((await logInByScram(await broker.connect(), name, 'pencil')).errorCode)).toBe('NONE')
  })
})

describeSecuredBroker('ACLs', (broker) => {
  const bob = `User:${plainUser}`
  const rule = (more: Partial<CreateAclsRequestAclCreation> = {}): CreateAclsRequestAclCreation => ({
    resourceType: topicType,
    resourceName: 'orders',
    resourcePatternType: literal,
    principal: bob,
    host: '*',
    operation: read,
    permissionType: allow,
    ...more,
  })
  const create = async (...creations: CreateAclsRequestAclCreation[]) =>
    (await (await broker.session(superUser)).ask(createAclsApi, 2, { creations })).results.map(said)

  it('forbid all that nobody allowed, by the code of each resource', async () => {
    const client = await broker.session(plainUser)
    const name = broker.uniqueName('topic')
    await (
      await broker.session(superUser)
    ).ask(createTopicsApi, 7, {
      topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    })
    const metadata = await client.ask(metadataApi, 9, { topics: [{ name }], allowAutoTopicCreation: false })
    const init = (transactionalId: string | null) =>
      client.ask(initProducerIdApi, 4, { transactionalId, transactionTimeoutMs: 1_000 })
    const find = (keyType: number) => client.ask(findCoordinatorApi, 2, { key: 'mine', keyType })
    const partitions = [{ name, partitions: [0] }]
    const added = await client.ask(addPartitionsToTxnApi, 3, {
      v3AndBelowTransactionalId: 'mine',
      v3AndBelowProducerId: 0n,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: partitions,
    })
    const asBroker = await client.ask(addPartitionsToTxnApi, 4, {
      transactions: [
        { transactionalId: 'mine', producerId: 0n, producerEpoch: 0, verifyOnly: true, topics: partitions },
      ],
    })
    const marker = {
      producerId: 0n,
      producerEpoch: 0,
      transactionResult: false,
      topics: [{ name, partitionIndexes: [0] }],
      coordinatorEpoch: 0,
    }
    const marked = await client.ask(writeTxnMarkersApi, 1, { markers: [marker] })
    const transactions = await client.ask(describeTransactionsApi, 0, { transactionalIds: ['mine'] })
    expect({
      topic: code(only(metadata.topics).errorCode),
      idempotent: code((await init(null)).errorCode),
      transactional: code((await init('mine')).errorCode),
      group: code((await find(0)).errorCode),
      coordinator: code((await find(1)).errorCode),
      added: code(only(only(added.resultsByTopicV3AndBelow).resultsByPartition).partitionErrorCode),
      asBroker: code(asBroker.errorCode),
      marked: code(only(only(only(marked.markers).topics).partitions).errorCode),
      described: code(only(transactions.transactionStates).errorCode),
    }).toEqual({
      topic: 'TOPIC_AUTHORIZATION_FAILED',
      idempotent: 'CLUSTER_AUTHORIZATION_FAILED',
      transactional: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      group: 'GROUP_AUTHORIZATION_FAILED',
      coordinator: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      added: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      asBroker: 'CLUSTER_AUTHORIZATION_FAILED',
      marked: 'CLUSTER_AUTHORIZATION_FAILED',
      described: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    })
  })

  it('are not for everyone to change or see, and neither are quotas and credentials', async () => {
    const client = await broker.session(plainUser)
    const filter = {
      resourceTypeFilter: any,
      resourceNameFilter: null,
      patternTypeFilter: any,
      principalFilter: null,
      hostFilter: null,
      operation: any,
      permissionType: any,
    }
    const entity = [{ entityType: 'user', entityName: 'bob' }]
    const deletions = [{ name: 'bob', mechanism: 1 }]
    const answers = [
      await client.ask(describeAclsApi, 2, filter),
      only((await client.ask(deleteAclsApi, 2, { filters: [filter] })).filterResults),
      only((await client.ask(createAclsApi, 2, { creations: [rule()] })).results),
      await client.ask(describeClientQuotasApi, 1, { components: [], strict: false }),
      only(
        (await client.ask(alterClientQuotasApi, 1, { entries: [{ entity, ops: [] }], validateOnly: false }))
          .entries,
      ),
      await client.ask(describeUserScramCredentialsApi, 0, { users: [] }),
      only((await client.ask(alterUserScramCredentialsApi, 0, { deletions, upsertions: [] })).results),
    ]
    expect(answers.map((it) => code(it.errorCode))).toEqual(Array(7).fill('CLUSTER_AUTHORIZATION_FAILED'))
  })

  it('are refused when they make no sense', async () => {
    expect(
      await create(
        rule({ resourceName: '' }),
        rule({ resourceType: clusterType, resourceName: 'mine' }),
        rule({ resourceName: broker.uniqueName('fine') }),
      ),
    ).toEqual([
      ['INVALID_REQUEST', 'Invalid empty resource name'],
      ['INVALID_REQUEST', 'The only valid name for the CLUSTER resource is kafka-cluster'],
      ['NONE', ''],
    ])
    // What only a filter may say is a mistake that Kafka did not think of: all rules of the request share it.
    for (const one of [
      rule({ resourcePatternType: match }),
      rule({ operation: any }),
      rule({ permissionType: any }),
      rule({ resourceType: any }),
    ]) {
      const mistake = ['UNKNOWN_SERVER_ERROR', null]
      expect(await create(rule({ resourceName: 'as-well' }), one)).toEqual([mistake, mistake])
    }
    // Kafka 3.7 takes it, and fails afterwards with whatever needs the rule.
    if (broker.version === '3.7') return
    const why = '(no colon is present separating the principal type from the principal name)'
    expect(await create(rule({ principal: 'bob' }))).toEqual([
      ['INVALID_REQUEST', `Could not parse principal from \`bob\` ${why}`],
    ])
  })

  it('end the connection of those who ask for what nobody knows', async () => {
    const unknown = 0
    await expect(create(rule({ operation: unknown }))).rejects.toThrow('The broker closed it')
    const filter = {
      resourceTypeFilter: any,
      resourceNameFilter: null,
      patternTypeFilter: any,
      principalFilter: null,
      hostFilter: null,
      operation: unknown,
      permissionType: any,
    }
    const found = (await broker.session(superUser)).ask(describeAclsApi, 2, filter)
    await expect(found).rejects.toThrow('The broker closed it')
    const deleted = (await broker.session(superUser)).ask(deleteAclsApi, 2, { filters: [filter] })
    await expect(deleted).rejects.toThrow('The broker closed it')
  })

  it('are found by what they concern, and deleted', async () => {
    const admin = await broker.session(superUser)
    const name = broker.uniqueName('acl')
    const outcome = await create(
      rule({ resourceName: name }),
      rule({ resourceName: name.slice(0, -1), resourcePatternType: prefixed, operation: write }),
      rule({ resourceName: name, resourceType: groupType }),
    )
    expect(outcome).toEqual(Array(3).fill(['NONE', '']))
    const filter = {
      resourceTypeFilter: topicType,
      resourceNameFilter: name,
      patternTypeFilter: match,
      principalFilter: bob,
      hostFilter: null,
      operation: any,
      permissionType: any,
    }
    const found = async (patternTypeFilter: number): Promise<string[]> => {
      const { resources } = await admin.ask(describeAclsApi, 2, { ...filter, patternTypeFilter })
      return resources.map((it) => `${it.patternType} ${it.acls.map((acl) => acl.operation).join()}`).sort()
    }
    while ((await found(match)).length < 2);
    expect(await found(match)).toEqual([`${literal} ${read}`, `${prefixed} ${write}`])
    expect(await found(any)).toEqual([`${literal} ${read}`])
    const { filterResults } = await admin.ask(deleteAclsApi, 2, { filters: [filter] })
    const deleted = only(filterResults)
    expect([said(deleted), deleted.matchingAcls.map((it) => code(it.errorCode))]).toEqual([
      ['NONE', null],
      ['NONE', 'NONE'],
    ])
    while ((await found(match)).length > 0);
  })

  it('allow by name and prefix, imply Describe, and deny before they allow', async () => {
    const admin = await broker.session(superUser)
    const client = await broker.session(plainUser)
    const name = broker.uniqueName('rights')
    await admin.ask(createTopicsApi, 7, {
      topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    })
    const look = async (): Promise<[string, number]> => {
      const { topics } = await client.ask(metadataApi, 9, {
        topics: [{ name }],
        allowAutoTopicCreation: false,
        includeTopicAuthorizedOperations: true,
      })
      const topic = only(topics)
      return [code(topic.errorCode), topic.topicAuthorizedOperations]
    }
    const until = async (operations: number): Promise<void> => {
      while ((await look())[1] !== operations);
    }
    await create(rule({ resourceName: name.slice(0, -1), resourcePatternType: prefixed, operation: write }))
    await until((1 << write) | (1 << describeOperation))
    await create(rule({ resourceName: name, operation: read }))
    await until((1 << read) | (1 << write) | (1 << describeOperation))
    await create(rule({ resourceName: name, operation: write, permissionType: deny }))
    await until((1 << read) | (1 << describeOperation))
    // Writing somewhere is enough for an idempotent producer; the denial of one name leaves what the prefix allows.
    const mayWrite = async (): Promise<string> => {
      const request = { transactionalId: null, transactionTimeoutMs: 1_000 }
      const ask = () => client.ask(initProducerIdApi, 4, request)
      return code((await untilSettled(ask, (it) => it.errorCode)).errorCode)
    }
    expect(await mayWrite()).toBe('NONE')
    await create(rule({ resourceName: '*', operation: write, permissionType: deny }))
    while ((await mayWrite()) === 'NONE');
    expect(await mayWrite()).toBe('CLUSTER_AUTHORIZATION_FAILED')
    await create(
      rule({ resourceType: clusterType, resourceName: 'kafka-cluster', operation: idempotentWrite }),
    )
    while ((await mayWrite()) !== 'NONE');
  })

  it('give no delegation tokens without a secret key, and let nobody in by one', async () => {
    const client = await broker.session(superUser)
    const hmac = Buffer.from('hmac')
    const codes = [
      (await client.ask(createDelegationTokenApi, 2, { renewers: [], maxLifetimeMs: -1n })).errorCode,
      (await client.ask(renewDelegationTokenApi, 2, { hmac, renewPeriodMs: 1n })).errorCode,
      (await client.ask(expireDelegationTokenApi, 2, { hmac, expiryTimePeriodMs: 1n })).errorCode,
      (await client.ask(describeDelegationTokenApi, 2, { owners: null })).errorCode,
    ]
    expect(codes.map(code)).toEqual(Array(4).fill('DELEGATION_TOKEN_AUTH_DISABLED'))
    const asUser = await logInByScram(await broker.connect(), superUser, 'alice-secret')
    expect(code(asUser.errorCode)).toBe('NONE')
    const settings = { tokenAuth: true }
    const asToken = await logInByScram(await broker.connect(), superUser, 'alice-secret', settings)
    expect([code(asToken.errorCode), asToken.errorMessage]).toEqual([
      'SASL_AUTHENTICATION_FAILED',
      'Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256',
    ])
  })

  it('come with quotas, by throttle times', async () => {
    const admin = await broker.session(superUser)
    const name = broker.uniqueName('throttled')
    await admin.ask(createTopicsApi, 7, {
      topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    })
    const alter = async (remove: boolean): Promise<void> => {
      const entity = [{ entityType: 'user', entityName: superUser }]
      const ops = ['producer_byte_rate', 'consumer_byte_rate'].map((key) => ({ key, value: 1_000, remove }))
      await admin.ask(alterClientQuotasApi, 1, { entries: [{ entity, ops }], validateOnly: false })
    }
    const records = batch({ values: ['x'.repeat(20_000)] })
    /** Each on a connection of its own: a throttled one is silent for a while. */
    const write = async (): Promise<number> => {
      const client = await broker.session(superUser)
      const partitionData = [{ index: 0, records }]
      const answer = await client.ask(produceApi, 9, {
        transactionalId: null,
        acks: 1,
        timeoutMs: 5_000,
        topicData: [{ name, partitionData }],
      })
      return answer.throttleTimeMs
    }
    const read = async (): Promise<[number, boolean]> => {
      const partitions = [
        { partition: 0, fetchOffset: 0n, logStartOffset: -1n, partitionMaxBytes: 1_000_000 },
      ]
      const answer = await (
        await broker.session(superUser)
      ).ask(fetchApi, 11, {
        replicaId: -1,
        maxWaitMs: 100,
        minBytes: 1,
        maxBytes: 1_000_000,
        topics: [{ topic: name, partitions }],
        rackId: '',
      })
      const found = answer.responses[0]?.partitions[0]?.records
      return [answer.throttleTimeMs, (found?.length ?? 0) > 0]
    }
    while ((await read())[1] === false) await write()
    await alter(false)
    try {
      let throttled = 0
      while (throttled === 0) throttled = await write()
      // 20,000 bytes take 20 s at this rate, of which 10 s count as gone by. Kafka was slow to learn of the quota.
      expect(throttled).toBeGreaterThan(8_000)
      expect(throttled).toBeLessThan(12_000)
      expect(await read()).toEqual([expect.any(Number), false])
      expect((await read())[0]).toBeGreaterThan(8_000)
    } finally {
      await alter(true)
    }
  })
})
