// Guards against quotas that are accepted, described or enforced otherwise than Kafka does.
import { alterClientQuotasApi } from '../../src/wire/generated/client/alter-client-quotas'
import {
  describeClientQuotasApi,
  type DescribeClientQuotasRequestComponentData,
} from '../../src/wire/generated/client/describe-client-quotas'
import { code, describeEachBroker } from './support/describe-each-broker'

interface EntityPart {
  readonly entityType: string
  readonly entityName: string | null
}

describeEachBroker('client quotas', {}, (broker) => {
  const user = (entityName: string | null): EntityPart => ({ entityType: 'user', entityName })
  const clientId = (entityName: string | null): EntityPart => ({ entityType: 'client-id', entityName })
  const alter = async (
    entity: readonly EntityPart[],
    limits: Readonly<Record<string, number | null>>,
    validateOnly = false,
  ): Promise<[string, string | null]> => {
    const ops = Object.entries(limits).map(([key, value]) => ({
      key,
      value: value ?? 0,
      remove: value === null,
    }))
    const { entries } = await broker.raw(alterClientQuotasApi, 1, {
      entries: [{ entity, ops }],
      validateOnly,
    })
    return [code(entries[0]?.errorCode), entries[0]?.errorMessage ?? null]
  }
  const find = async (components: readonly DescribeClientQuotasRequestComponentData[], strict = false) => {
    const answer = await broker.raw(describeClientQuotasApi, 1, { components, strict })
    const entries = answer.entries?.map(({ entity, values }) => ({
      entity: [...entity].sort((a, b) => a.entityType.localeCompare(b.entityType)),
      values: [...values].sort((a, b) => a.key.localeCompare(b.key)),
    }))
    return { code: code(answer.errorCode), message: answer.errorMessage, entries: entries ?? null }
  }
  const exactly = (entityType: string, match: string) => ({ entityType, matchType: 0, match })
  /** A broker answers before it has seen what the controller changed. */
  const untilFound = async (count: number, ...args: Parameters<typeof find>) => {
    for (;;) {
      const found = await find(...args)
      if (found.entries?.length === count) return found.entries
    }
  }

  it('are set, found and taken away', async () => {
    const name = broker.uniqueName('user')
    expect(await alter([user(name)], { producer_byte_rate: 1024, request_percentage: 1.5 })).toEqual([
      'NONE',
      null,
    ])
    expect(await alter([user(name), clientId('app')], { consumer_byte_rate: 7 })).toEqual(['NONE', null])
    expect(await alter([user(name), clientId(null)], { controller_mutation_rate: 0.5 })).toEqual([
      'NONE',
      null,
    ])
    await untilFound(3, [exactly('user', name)])
    expect(await untilFound(1, [exactly('user', name)], true)).toEqual([
      {
        entity: [user(name)],
        values: [
          { key: 'producer_byte_rate', value: 1024 },
          { key: 'request_percentage', value: 1.5 },
        ],
      },
    ])
    const anyClient = { entityType: 'client-id', matchType: 2, match: null }
    await untilFound(2, [exactly('user', name), anyClient])
    const defaultClient = { entityType: 'client-id', matchType: 1, match: null }
    expect(await untilFound(1, [exactly('user', name), defaultClient])).toEqual([
      { entity: [clientId(null), user(name)], values: [{ key: 'controller_mutation_rate', value: 0.5 }] },
    ])
    for (const entity of [[user(name)], [user(name), clientId('app')], [clientId(null), user(name)]]) {
      const all = { producer_byte_rate: null, request_percentage: null, consumer_byte_rate: null }
      expect(await alter(entity, { ...all, controller_mutation_rate: null })).toEqual(['NONE', null])
    }
    await untilFound(0, [exactly('user', name)])
  })

  it('change nothing when they are only validated', async () => {
    const name = broker.uniqueName('user')
    expect(await alter([user(name)], { producer_byte_rate: 9 }, true)).toEqual(['NONE', null])
    expect((await find([exactly('user', name)])).entries).toEqual([])
  })

  it('are refused for what makes no sense', async () => {
    const name = broker.uniqueName('user')
    const ip = { entityType: 'ip', entityName: '127.0.0.1' }
    expect(await alter([], {})).toEqual(['INVALID_REQUEST', 'Invalid empty client quota entity'])
    expect(await alter([{ entityType: 'tenant', entityName: 'x' }], {})).toEqual([
      'INVALID_REQUEST',
      'Unhandled client quota entity type: tenant',
    ])
    expect(await alter([user('')], {})).toEqual(['INVALID_REQUEST', 'Empty user not supported'])
    expect((await alter([user(name), ip], { producer_byte_rate: 1 }))[0]).toBe('INVALID_REQUEST')
    expect(await alter([user(name)], { speed: 1 })).toEqual([
      'INVALID_REQUEST',
      'Invalid configuration key speed',
    ])
    expect(await alter([user(name)], { connection_creation_rate: 1 })).toEqual([
      'INVALID_REQUEST',
      'Invalid configuration key connection_creation_rate',
    ])
    expect(await alter([user(name)], { producer_byte_rate: 0 })).toEqual([
      'INVALID_REQUEST',
      'Quota producer_byte_rate must be greater than 0',
    ])
    expect(await alter([user(name)], { producer_byte_rate: 1.5 })).toEqual([
      'INVALID_REQUEST',
      'producer_byte_rate cannot be a fractional value.',
    ])
    expect(await alter([user(name)], { speed: null })).toEqual(['NONE', null])
  })

  it('are not found by filters that make no sense', async () => {
    const alice = exactly('user', 'alice')
    const refused = async (...components: DescribeClientQuotasRequestComponentData[]) => {
      const { code: name, message } = await find(components)
      return [name, message]
    }
    expect(await refused(alice, alice)).toEqual([
      'INVALID_REQUEST',
      'Entity type user cannot appear more than once in the filter.',
    ])
    expect(await refused({ entityType: 'user', matchType: 0, match: null })).toEqual([
      'INVALID_REQUEST',
      'Request specified MATCH_TYPE_EXACT, but set match string to null.',
    ])
    expect(await refused({ entityType: 'user', matchType: 1, match: 'x' })).toEqual([
      'INVALID_REQUEST',
      'Request specified MATCH_TYPE_DEFAULT, but also specified a match string.',
    ])
    expect(await refused({ entityType: 'user', matchType: 9, match: null })).toEqual([
      'INVALID_REQUEST',
      'Unknown match type 9',
    ])
    expect(await refused(exactly('tenant', 'x'))).toEqual([
      'UNSUPPORTED_VERSION',
      'Unsupported entity type tenant',
    ])
    expect((await refused(alice, exactly('ip', '127.0.0.1')))[0]).toBe('INVALID_REQUEST')
  })
})
