// Guards against rules of who may do what that are not what was meant: a lost term, a filter that finds too much, or
// a rule of one item that takes another's failure.
import { AdminError, InvalidArgumentError, Kafka, silentLogger, type NewAcl } from '../../src'
import { openAdminCluster } from './support/admin-cluster'
import { errorOf } from './support/case-runner'

const secured = {
  sasl: { users: { admin: 'admin-secret', alice: 'alice-secret' } },
  authorizer: { superUsers: ['User:admin'] },
}

const read: NewAcl = {
  resourceType: 'topic',
  resourceName: 'orders',
  principal: 'User:alice',
  operation: 'read',
  permission: 'allow',
}

describe('ACLs', () => {
  it('are created with every type of resource, pattern, operation and permission, and read back as they were', async () => {
    await using test = await openAdminCluster(secured)
    const types = ['topic', 'group', 'transactionalId', 'delegationToken', 'user'] as const
    const operations = [
      ...(['all', 'read', 'write', 'create', 'delete', 'alter', 'describe'] as const),
      ...(['describeConfigs', 'alterConfigs'] as const),
    ]
    const acls: NewAcl[] = [
      ...types.map((resourceType) => ({ ...read, resourceType, operation: 'describe' as const })),
      ...operations.map((operation) => ({ ...read, resourceName: 'by-operation', operation })),
      { ...read, patternType: 'prefixed', resourceName: 'ord', host: '10.0.0.7', permission: 'deny' },
      { ...read, resourceType: 'cluster', resourceName: undefined, operation: 'clusterAction' },
      { ...read, resourceType: 'cluster', resourceName: 'kafka-cluster', operation: 'idempotentWrite' },
    ]
    const created = await test.admin.createAcls(acls)
    expect(created).toHaveLength(acls.length)
    expect(created.at(-3)).toEqual({
      ...read,
      patternType: 'prefixed',
      resourceName: 'ord',
      host: '10.0.0.7',
      permission: 'deny',
    })
    expect(created.at(-2)).toMatchObject({ resourceName: 'kafka-cluster', host: '*', patternType: 'literal' })
    const described = await test.admin.describeAcls({})
    const sorted = (all: readonly object[]) =>
      all.map((acl) => JSON.stringify(Object.entries(acl).sort())).sort()
    expect(sorted(described)).toEqual(sorted(created))
    // What was read can be written: nothing of it is lost, and what exists is no error.
    expect(await test.admin.createAcls(described)).toEqual(described)
  })

  it('are found by each field of a filter, and by every pattern that applies to a name', async () => {
    await using test = await openAdminCluster(secured)
    await test.admin.createAcls([
      read,
      { ...read, resourceName: 'ord', patternType: 'prefixed', operation: 'write', permission: 'deny' },
      { ...read, resourceName: '*', principal: 'User:bob' },
      { ...read, resourceType: 'group', resourceName: 'billing', host: '10.0.0.7' },
    ])
    const names = async (filter: Parameters<typeof test.admin.describeAcls>[0]) =>
      (await test.admin.describeAcls(filter)).map(({ resourceName }) => resourceName).sort()
    expect(await names({ resourceType: 'topic', resourceName: 'orders' })).toEqual(['orders'])
    expect(await names({ resourceType: 'topic', resourceName: 'orders', patternType: 'match' })).toEqual([
      '*',
      'ord',
      'orders',
    ])
    expect(await names({ patternType: 'prefixed' })).toEqual(['ord'])
    expect(await names({ principal: 'User:bob' })).toEqual(['*'])
    expect(await names({ host: '10.0.0.7' })).toEqual(['billing'])
    expect(await names({ operation: 'write' })).toEqual(['ord'])
    expect(await names({ permission: 'deny' })).toEqual(['ord'])
    expect(await names({ resourceType: 'user' })).toEqual([])
  })

  it('are deleted by filter, and each filter tells which it found', async () => {
    await using test = await openAdminCluster(secured)
    const [orders, , group] = await test.admin.createAcls([
      read,
      { ...read, principal: 'User:bob' },
      { ...read, resourceType: 'group', resourceName: 'billing' },
    ])
    const filters = [
      { resourceType: 'topic', principal: 'User:alice' },
      { resourceType: 'group' },
      { principal: 'User:nobody' },
    ] as const
    expect(await test.admin.deleteAcls(filters)).toEqual([
      { filter: filters[0], acls: [orders] },
      { filter: filters[1], acls: [group] },
      { filter: filters[2], acls: [] },
    ])
    expect((await test.admin.describeAcls({})).map(({ principal }) => principal)).toEqual(['User:bob'])
  })

  it('fail one by one: a rule the broker refuses leaves the others', async () => {
    await using test = await openAdminCluster(secured)
    test.cluster.on('CreateAcls', async (_request, exchange) => {
      const answer = await exchange.proceed()
      if (answer === undefined) return undefined
      const [first, ...rest] = answer.results
      return { ...answer, results: [{ ...first, errorCode: 42, errorMessage: 'no such host' }, ...rest] }
    })
    const acls = [{ ...read, host: 'nowhere' }, read]
    const error = await errorOf(test.admin.createAcls(acls))
    if (!(error instanceof AdminError)) throw error
    expect(error.message).toContain('createAcls failed for 1 of 2')
    expect(error.message).toContain("allow User:alice read on topic 'orders' from nowhere")
    expect(error.results).toMatchObject([
      { host: 'nowhere', error: { code: 'INVALID_REQUEST', brokerMessage: 'no such host' } },
      { host: '*', principal: 'User:alice', error: null },
    ])
  })

  it('that could not be deleted fail their filter, and name the rule', async () => {
    await using test = await openAdminCluster(secured)
    await test.admin.createAcls([read, { ...read, resourceType: 'group', resourceName: 'billing' }])
    test.cluster.on('DeleteAcls', async (_request, exchange) => {
      const answer = await exchange.proceed()
      const [first, ...rest] = answer?.filterResults ?? []
      if (answer === undefined || first === undefined) return undefined
      const matchingAcls = first.matchingAcls.map((acl) => ({ ...acl, errorCode: 56, errorMessage: 'disk' }))
      return { ...answer, filterResults: [{ ...first, matchingAcls }, ...rest] }
    })
    const results = await test.admin.deleteAcls([{ resourceType: 'topic' }, { resourceType: 'group' }], {
      partial: true,
    })
    expect(results).toMatchObject([
      { filter: { resourceType: 'topic' }, error: { code: 'KAFKA_STORAGE_ERROR' } },
      { filter: { resourceType: 'group' }, acls: [{ resourceName: 'billing' }], error: null },
    ])
    expect(results[0]?.error?.message).toContain("'allow User:alice read on topic 'orders''")
  })

  it('let a client do what they allow, and nothing else', async () => {
    await using test = await openAdminCluster(secured)
    const alice = new Kafka({
      ...test.cluster.clientOptions('alice'),
      logger: silentLogger,
      sasl: { mechanism: 'PLAIN', username: 'alice', password: 'alice-secret' },
    })
    await using admin = alice.admin()
    expect(await admin.listTopics()).toEqual([])
    await test.admin.createAcls([{ ...read, operation: 'describe' }])
    expect((await admin.listTopics()).map(({ name }) => name)).toEqual(['orders'])
    expect(await errorOf(admin.describeAcls({}))).toMatchObject({ code: 'CLUSTER_AUTHORIZATION_FAILED' })
    const refused = await admin.createAcls([read], { partial: true })
    expect(refused[0]?.error).toMatchObject({ code: 'CLUSTER_AUTHORIZATION_FAILED' })
    const [deleted] = await admin.deleteAcls([{}], { partial: true })
    expect(deleted?.error).toMatchObject({ code: 'CLUSTER_AUTHORIZATION_FAILED' })
  })

  it('of a cluster without an authorizer end in SECURITY_DISABLED', async () => {
    await using test = await openAdminCluster()
    expect(await errorOf(test.admin.describeAcls({}))).toMatchObject({ code: 'SECURITY_DISABLED' })
    expect(await errorOf(test.admin.createAcls([read]))).toMatchObject({ code: 'SECURITY_DISABLED' })
    expect(await errorOf(test.admin.deleteAcls([{}]))).toMatchObject({ code: 'SECURITY_DISABLED' })
  })

  it('with terms of a newer broker are shown as unknown, and can not be written', async () => {
    await using test = await openAdminCluster(secured)
    await test.admin.createAcls([read])
    test.cluster.on('DescribeAcls', async (_request, exchange) => {
      const answer = await exchange.proceed()
      if (answer === undefined) return undefined
      const acls =
        answer.resources[0]?.acls.map((acl) => ({ ...acl, operation: 99, permissionType: 9 })) ?? []
      return {
        ...answer,
        resources: [{ ...answer.resources[0], resourceType: 77, resourceName: 'x', patternType: 5, acls }],
      }
    })
    const found = await test.admin.describeAcls({})
    expect(found).toMatchObject([
      { resourceType: 'unknown', patternType: 'unknown', operation: 'unknown', permission: 'unknown' },
    ])
    expect(await errorOf(test.admin.createAcls(found))).toBeInstanceOf(InvalidArgumentError)
  })

  it('with wrong arguments are refused before anything is sent, all problems at once', async () => {
    await using test = await openAdminCluster(secured)
    const wrong = {
      ...read,
      resourceType: 'tpoic',
      principal: 'alice',
      operation: 'reed',
      permission: 'yes',
      host: '',
      extra: 1,
    } as object
    const error = await errorOf(
      test.admin.createAcls([
        wrong as NewAcl,
        { ...read, resourceName: '' },
        { ...read, resourceName: undefined },
      ]),
    )
    if (!(error instanceof InvalidArgumentError)) throw error
    for (const place of ['resourceType', 'principal', 'operation', 'permission', 'host']) {
      expect(error.message).toContain(`acls[0].${place}`)
    }
    expect(error.message).toContain("acls[0] has no field 'extra'")
    expect(error.message).toContain('acls[1].resourceName')
    const cluster = { ...read, resourceType: 'cluster', resourceName: 'mine' } as const
    expect(
      await errorOf(test.admin.createAcls([cluster, { ...read, resourceName: undefined }])),
    ).toMatchObject({
      message: expect.stringMatching(
        /acls\[0\]\.resourceName.*kafka-cluster.*acls\[1\]\.resourceName/s,
      ) as string,
    })
    expect(await errorOf(test.admin.createAcls([read, read]))).toMatchObject({
      message: expect.stringContaining('more than once') as string,
    })
    const filter = { resourceType: 'unknown', name: 'x' } as object
    expect(await errorOf(test.admin.describeAcls(filter))).toMatchObject({
      message: expect.stringMatching(/filter\.resourceType.*filter has no field 'name'/s) as string,
    })
    expect(await errorOf(test.admin.deleteAcls([{}, {}]))).toBeInstanceOf(InvalidArgumentError)
    expect(test.count('CreateAcls') + test.count('DescribeAcls') + test.count('DeleteAcls')).toBe(0)
  })
})
