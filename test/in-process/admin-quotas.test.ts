// Guards against quotas of the wrong client, and passwords that do not open what they were set for, or show in errors.
import { AdminError, InvalidArgumentError, Kafka, silentLogger } from '../../src'
import { openAdminCluster } from './support/admin-cluster'
import { errorOf } from './support/case-runner'

describe('quotas', () => {
  it('are set and taken away by entity, and found by every kind of filter', async () => {
    await using test = await openAdminCluster()
    await test.admin.alterClientQuotas([
      { entity: { user: 'alice' }, set: { producer_byte_rate: 1_000_000, request_percentage: 12.5 } },
      { entity: { user: 'alice', 'client-id': 'etl' }, set: { consumer_byte_rate: 5000 } },
      { entity: { user: null }, set: { producer_byte_rate: 10 } },
      { entity: { ip: '10.0.0.7' }, set: { connection_creation_rate: 3 } },
    ])
    const alice = {
      entity: { user: 'alice' },
      quotas: { producer_byte_rate: 1_000_000, request_percentage: 12.5 },
    }
    const etl = { entity: { user: 'alice', 'client-id': 'etl' }, quotas: { consumer_byte_rate: 5000 } }
    const others = { entity: { user: null }, quotas: { producer_byte_rate: 10 } }
    const ip = { entity: { ip: '10.0.0.7' }, quotas: { connection_creation_rate: 3 } }
    const find = async (
      filter: Parameters<typeof test.admin.describeClientQuotas>[0],
      expected: object[],
    ) => {
      const found = await test.admin.describeClientQuotas(filter)
      expect(found).toHaveLength(expected.length)
      expect(found).toEqual(expect.arrayContaining(expected))
    }
    await find({}, [alice, etl, others, ip])
    const exact = { type: 'user', match: 'exact', name: 'alice' } as const
    await find({ components: [exact] }, [alice, etl])
    await find({ components: [exact], strict: true }, [alice])
    await find({ components: [{ type: 'user', match: 'default' }] }, [others])
    await find({ components: [{ type: 'user', match: 'any' }], strict: true }, [alice, others])
    await find({ components: [exact, { type: 'client-id', match: 'any' }] }, [etl])
    await test.admin.alterClientQuotas([
      { entity: { user: 'alice' }, set: { consumer_byte_rate: 7 }, unset: ['request_percentage'] },
    ])
    await find({ components: [exact], strict: true }, [
      { entity: { user: 'alice' }, quotas: { producer_byte_rate: 1_000_000, consumer_byte_rate: 7 } },
    ])
  })

  it('that are only checked are not set', async () => {
    await using test = await openAdminCluster()
    const changes = [{ entity: { user: 'alice' }, set: { producer_byte_rate: 1 } }]
    await test.admin.alterClientQuotas(changes, { validateOnly: true })
    expect(await test.admin.describeClientQuotas({})).toEqual([])
  })

  it('fail one by one', async () => {
    await using test = await openAdminCluster()
    const error = await errorOf(
      test.admin.alterClientQuotas([
        { entity: { user: 'alice' }, set: { producer_bite_rate: 1 } },
        { entity: { user: 'bob', 'client-id': null }, set: { producer_byte_rate: 1 } },
        { entity: { user: 'carol', ip: '10.0.0.7' }, set: { producer_byte_rate: 1 } },
      ]),
    )
    if (!(error instanceof AdminError)) throw error
    expect(error.results).toMatchObject([
      { entity: { user: 'alice' }, error: { code: 'INVALID_REQUEST' } },
      { entity: { user: 'bob', 'client-id': null }, error: null },
      { entity: { user: 'carol', ip: '10.0.0.7' }, error: { code: 'INVALID_REQUEST' } },
    ])
    expect(error.message).toContain("user 'alice'")
    expect(await test.admin.describeClientQuotas({})).toEqual([
      { entity: { user: 'bob', 'client-id': null }, quotas: { producer_byte_rate: 1 } },
    ])
  })

  it('with wrong arguments are refused before anything is sent, all problems at once', async () => {
    await using test = await openAdminCluster()
    const error = await errorOf(
      test.admin.alterClientQuotas([
        { entity: {}, set: { a: 1 } },
        { entity: { user: 'alice' } },
        { entity: { user: 'bob' }, set: { a: 1 }, unset: ['a'] },
        { entity: { user: 'carol' }, set: { a: Number.NaN } },
      ]),
    )
    if (!(error instanceof InvalidArgumentError)) throw error
    expect(error.message).toMatch(
      /\[0\]\.entity.*\[1\].*nothing to set.*\[2\].*'a' more than once.*\[3\]\.set\.a/s,
    )
    const twice = [{ entity: { user: 'alice', ip: undefined }, set: { a: 1 } }]
    expect(await errorOf(test.admin.alterClientQuotas([...twice, ...twice]))).toBeInstanceOf(
      InvalidArgumentError,
    )
    const components = [
      { type: 'user', match: 'any' },
      { type: 'user', match: 'default' },
    ] as const
    expect(await errorOf(test.admin.describeClientQuotas({ components }))).toBeInstanceOf(
      InvalidArgumentError,
    )
    expect(test.count('AlterClientQuotas') + test.count('DescribeClientQuotas')).toBe(0)
  })
})

const secured = { sasl: { users: { admin: 'admin-secret' } } }

describe('SCRAM credentials', () => {
  it.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
    'that are set let their user in (%s)',
    async (mechanism) => {
      await using test = await openAdminCluster(secured)
      await test.admin.alterUserScramCredentials([
        { user: 'carol', mechanism, password: 'opén ⑨\u00A0se\u00ADsame' },
      ])
      const login = async (password: string) => {
        const sasl = { mechanism, username: 'carol', password }
        await using admin = new Kafka({ ...test.cluster.clientOptions(), logger: silentLogger, sasl }).admin()
        await admin.connect({ timeoutMs: 3000 })
      }
      await login('opén ⑨\u00A0se\u00ADsame')
      expect(await errorOf(login('open'))).toMatchObject({ name: 'AuthenticationError' })
      await test.admin.alterUserScramCredentials([{ user: 'carol', mechanism, delete: true }])
      expect(await errorOf(login('opén ⑨\u00A0se\u00ADsame'))).toMatchObject({ name: 'AuthenticationError' })
    },
  )

  it('are described without what they are made of, of all users or of those asked for', async () => {
    await using test = await openAdminCluster(secured)
    await test.admin.alterUserScramCredentials([
      { user: 'carol', mechanism: 'SCRAM-SHA-256', password: 'one', iterations: 8192 },
      { user: 'carol', mechanism: 'SCRAM-SHA-512', password: 'two', salt: Buffer.from('a salt of mine') },
    ])
    const carol = {
      user: 'carol',
      credentials: [
        { mechanism: 'SCRAM-SHA-256', iterations: 8192 },
        { mechanism: 'SCRAM-SHA-512', iterations: 4096 },
      ],
    }
    const all = await test.admin.describeUserScramCredentials('all')
    expect(all.find(({ user }) => user === 'carol')).toEqual(carol)
    expect(
      await test.admin.describeUserScramCredentials(['carol', 'nobody'], { partial: true }),
    ).toMatchObject([carol, { user: 'nobody', error: { code: 'RESOURCE_NOT_FOUND' } }])
  })

  it('fail for each user by itself, all changes of one user together', async () => {
    await using test = await openAdminCluster(secured)
    const results = await test.admin.alterUserScramCredentials(
      [
        { user: 'carol', mechanism: 'SCRAM-SHA-256', password: 'one' },
        { user: 'dave', mechanism: 'SCRAM-SHA-256', delete: true },
        { user: 'dave', mechanism: 'SCRAM-SHA-512', password: 'two' },
      ],
      { partial: true },
    )
    expect(results).toMatchObject([
      { user: 'carol', error: null },
      { user: 'dave', mechanism: 'SCRAM-SHA-256', error: { code: 'RESOURCE_NOT_FOUND' } },
      { user: 'dave', mechanism: 'SCRAM-SHA-512', error: { code: 'RESOURCE_NOT_FOUND' } },
    ])
    const users = (await test.admin.describeUserScramCredentials('all')).map(({ user }) => user)
    expect(users).toContain('carol')
    expect(users).not.toContain('dave')
  })

  it('with wrong arguments are refused before anything is sent, and no password is told', async () => {
    await using test = await openAdminCluster(secured)
    const mechanism = 'SCRAM-SHA-256'
    const wrong = [
      { user: '', mechanism, password: 'hidden-1' },
      { user: 'carol', mechanism, password: 'hidden-2', iterations: 10 },
      { user: 'carol', mechanism: 'SCRAM-SHA-1', password: 'hidden-3' },
      { user: 'dave', mechanism, password: 'hidden-4', delete: true },
    ] as { user: string; mechanism: 'SCRAM-SHA-256'; password: string }[]
    const error = await errorOf(test.admin.alterUserScramCredentials(wrong))
    if (!(error instanceof InvalidArgumentError)) throw error
    expect(error.message).toMatch(/changes\[0\].*changes\[1\].*changes\[2\].*changes\[3\]/s)
    expect(error.message).not.toContain('hidden')
    const twice = { user: 'carol', mechanism, password: 'hidden-5' } as const
    const repeated = await errorOf(test.admin.alterUserScramCredentials([twice, twice]))
    expect((repeated as Error).message).toMatch(/SCRAM-SHA-256 of user 'carol' more than once/)
    expect((repeated as Error).message).not.toContain('hidden')
    expect(test.count('AlterUserScramCredentials')).toBe(0)
  })
})
