// Guards against quotas that hold back the wrong clients, or by times that Kafka would not have said.
import { ErrorCode } from '../../../../src/base/error-codes'
import { alterClientQuotasHandler } from '../../../../src/testing/apis/alter-client-quotas'
import { describeClientQuotasHandler } from '../../../../src/testing/apis/describe-client-quotas'
import { ClientQuotas } from '../../../../src/testing/security/client-quotas'
import { parseEntity } from '../../../../src/testing/security/quota-entity'
import { FakeClock } from '../../support/fake-clock'
import { answer } from '../support/answer'
import { fakeContext, FakeTransactionServices } from '../support/fake-transaction-services'

const settings: Readonly<Record<string, number>> = {
  'quota.window.num': 11,
  'quota.window.size.seconds': 1,
  'controller.quota.window.num': 11,
  'controller.quota.window.size.seconds': 1,
}

function makeQuotas(): { quotas: ClientQuotas; clock: FakeClock } {
  const clock = new FakeClock()
  const configs = { brokerNumber: (name: string) => settings[name] ?? Number.NaN }
  return { quotas: new ClientQuotas({ runtime: { clock }, configs }), clock }
}

function entity(parts: Readonly<Record<string, string | null>>) {
  return parseEntity(Object.entries(parts).map(([entityType, entityName]) => ({ entityType, entityName })))
}

function caller(user: string, clientId: string) {
  const context = fakeContext({ clientId })
  return { ...context, session: { ...context.session, principal: { type: 'User', name: user } } }
}

describe('how long a client is held back', () => {
  test('is nothing without quotas, and while the rate is within its quota', () => {
    const { quotas } = makeQuotas()
    expect(quotas.record(caller('alice', 'app'), 'produce', 1e9)).toBe(0)
    quotas.alter(entity({ user: 'alice' }), [['producer_byte_rate', 1000]])
    expect(quotas.record(caller('alice', 'app'), 'produce', 10_000)).toBe(0)
    expect(quotas.record(caller('bob', 'app'), 'produce', 1e9)).toBe(0)
    expect(quotas.record(caller('alice', 'app'), 'fetch', 1e9)).toBe(0)
  })

  test('is the time in which the bytes that are too many fit into the quota', () => {
    const { quotas } = makeQuotas()
    quotas.alter(entity({ user: 'alice' }), [['producer_byte_rate', 1000]])
    // Ten windows count as gone by: 20,000 bytes in 10 s are twice the quota, which takes another 10 s to wear off.
    expect(quotas.record(caller('alice', 'app'), 'produce', 20_000)).toBe(10_000)
  })

  test('falls as the windows go by', async () => {
    const { quotas, clock } = makeQuotas()
    quotas.alter(entity({ user: 'alice' }), [['producer_byte_rate', 1000]])
    quotas.record(caller('alice', 'app'), 'produce', 20_000)
    await clock.advance(5_000)
    expect(quotas.record(caller('alice', 'app'), 'produce', 0)).toBe(10_000)
    await clock.advance(6_000)
    expect(quotas.record(caller('alice', 'app'), 'produce', 0)).toBe(0)
  })

  test('forgets what is taken back', () => {
    const { quotas } = makeQuotas()
    quotas.alter(entity({ user: 'alice' }), [['consumer_byte_rate', 1000]])
    expect(quotas.record(caller('alice', 'app'), 'fetch', 20_000)).toBe(10_000)
    quotas.record(caller('alice', 'app'), 'fetch', -20_000)
    expect(quotas.record(caller('alice', 'app'), 'fetch', 10_000)).toBe(0)
  })

  test('counts each broker for itself', () => {
    const { quotas } = makeQuotas()
    quotas.alter(entity({ user: 'alice' }), [['consumer_byte_rate', 1000]])
    const [first, second] = new FakeTransactionServices().brokers.all
    if (first === undefined || second === undefined) throw new Error('There are two brokers')
    const one = { ...caller('alice', 'app'), broker: first }
    expect(quotas.record(one, 'fetch', 20_000)).toBeGreaterThan(0)
    expect(quotas.record({ ...one, broker: second }, 'fetch', 5_000)).toBe(0)
  })

  test('is never more than one window for time on the broker', () => {
    const { quotas } = makeQuotas()
    quotas.alter(entity({ user: 'alice' }), [['request_percentage', 1]])
    expect(quotas.record(caller('alice', 'app'), 'request', 100)).toBe(0)
    expect(quotas.record(caller('alice', 'app'), 'request', 60_000)).toBe(1_000)
  })

  test('lets changes of the cluster burst, and then waits until there are tokens again', async () => {
    const { quotas, clock } = makeQuotas()
    quotas.alter(entity({ user: 'alice' }), [['controller_mutation_rate', 2]])
    const alice = caller('alice', 'admin')
    expect(quotas.record(alice, 'controller', 22)).toBe(0)
    expect(quotas.record(alice, 'controller', 4)).toBe(2_000)
    expect(quotas.record(alice, 'controller', 0)).toBe(2_000)
    await clock.advance(2_000)
    expect(quotas.record(alice, 'controller', 0)).toBe(0)
  })
})

test('the quota of both names comes first, then the user, the defaults, and the client id last', () => {
  const steps: Readonly<Record<string, string | null>>[] = [
    { user: 'alice', 'client-id': 'app' },
    { user: 'alice', 'client-id': null },
    { user: 'alice' },
    { user: null, 'client-id': 'app' },
    { user: null, 'client-id': null },
    { user: null },
    { 'client-id': 'app' },
    { 'client-id': null },
  ]
  // Each has a tighter quota than all before it: whichever is the first there is decides about the throttle.
  steps.forEach((_, from) => {
    const { quotas } = makeQuotas()
    steps.slice(from).forEach((parts, i) => {
      quotas.alter(entity(parts), [['producer_byte_rate', i === 0 ? 1000 : 1]])
    })
    expect(quotas.record(caller('alice', 'app'), 'produce', 20_000)).toBe(10_000)
  })
})

describe('the APIs of quotas', () => {
  function handlers() {
    const { quotas } = makeQuotas()
    const services = new FakeTransactionServices()
    const authorizer = { ...services.authorizer, authorizedOperations: () => 0 }
    return {
      services,
      quotas,
      alter: alterClientQuotasHandler({ authorizer }, quotas),
      describe: describeClientQuotasHandler({ authorizer }, quotas),
    }
  }
  const named = (entityType: string, entityName: string | null) => ({ entityType, entityName })
  const set = (key: string, value: number) => ({ key, value, remove: false })

  async function alterAll({ alter }: ReturnType<typeof handlers>, entries: object[], validateOnly = false) {
    const request = {
      entries: entries as Parameters<typeof alter.handle>[0]['entries'],
      validateOnly,
    }
    return (await answer(alter, request, fakeContext({ apiVersion: 1 }))).entries
  }

  test('set, describe and take away limits', async () => {
    const all = handlers()
    await alterAll(all, [
      {
        entity: [named('user', 'alice')],
        ops: [set('producer_byte_rate', 5), set('request_percentage', 1.5)],
      },
      { entity: [named('user', null), named('client-id', 'app')], ops: [set('consumer_byte_rate', 7)] },
    ])
    const find = async (
      components: { entityType: string; matchType: number; match: string | null }[],
      strict = false,
    ) => (await answer(all.describe, { components, strict }, fakeContext({ apiVersion: 1 }))).entries
    expect(await find([])).toHaveLength(2)
    expect(await find([{ entityType: 'user', matchType: 0, match: 'alice' }])).toEqual([
      {
        entity: [named('user', 'alice')],
        values: [
          { key: 'producer_byte_rate', value: 5 },
          { key: 'request_percentage', value: 1.5 },
        ],
      },
    ])
    expect(await find([{ entityType: 'user', matchType: 1, match: null }])).toHaveLength(1)
    expect(await find([{ entityType: 'user', matchType: 2, match: null }])).toHaveLength(2)
    expect(await find([{ entityType: 'user', matchType: 2, match: null }], true)).toHaveLength(1)
    const remove = { key: 'consumer_byte_rate', value: 0, remove: true }
    await alterAll(all, [{ entity: [named('client-id', 'app'), named('user', null)], ops: [remove] }])
    expect([...all.quotas.entries]).toHaveLength(1)
  })

  test('refuse entities and limits that make no sense, and change nothing when only asked', async () => {
    const all = handlers()
    const user = [named('user', 'alice')]
    const refused = await alterAll(all, [
      { entity: [], ops: [] },
      { entity: [named('tenant', 'x')], ops: [] },
      { entity: [named('user', '')], ops: [] },
      { entity: [named('ip', '127.0.0.1'), named('user', 'alice')], ops: [] },
      { entity: user, ops: [set('speed', 1)] },
      { entity: user, ops: [set('producer_byte_rate', 0)] },
      { entity: user, ops: [set('producer_byte_rate', 1.5)] },
      { entity: [...user, ...user], ops: [] },
    ])
    expect(refused.map((it) => it.errorCode)).toEqual(Array(8).fill(ErrorCode.INVALID_REQUEST))
    expect(refused[4]?.errorMessage).toBe('Invalid configuration key speed')
    const asked = await alterAll(all, [{ entity: user, ops: [set('producer_byte_rate', 9)] }], true)
    expect(asked[0]?.errorCode).toBe(ErrorCode.NONE)
    expect([...all.quotas.entries]).toEqual([])
  })

  test('refuse filters that make no sense, and those who may not', async () => {
    const all = handlers()
    const code = async (components: { entityType: string; matchType: number; match: string | null }[]) =>
      (await answer(all.describe, { components, strict: false }, fakeContext())).errorCode
    const user = { entityType: 'user', matchType: 0, match: 'alice' }
    expect(await code([user, user])).toBe(ErrorCode.INVALID_REQUEST)
    expect(await code([{ ...user, match: null }])).toBe(ErrorCode.INVALID_REQUEST)
    expect(await code([{ ...user, matchType: 1 }])).toBe(ErrorCode.INVALID_REQUEST)
    expect(await code([{ ...user, matchType: 9 }])).toBe(ErrorCode.INVALID_REQUEST)
    expect(await code([{ ...user, entityType: 'tenant' }])).toBe(ErrorCode.UNSUPPORTED_VERSION)
    expect(await code([user, { ...user, entityType: 'ip' }])).toBe(ErrorCode.INVALID_REQUEST)
    all.services.forbidden.add('DescribeConfigs Cluster kafka-cluster')
    expect(await code([user])).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    all.services.forbidden.add('AlterConfigs Cluster kafka-cluster')
    const [entry] = await alterAll(all, [{ entity: [named('user', 'a')], ops: [] }])
    expect(entry?.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
  })
})
