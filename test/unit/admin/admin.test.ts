// Guards against an admin client that leaks its cluster, hangs in close, or answers after it was closed.
import { readFileSync } from 'node:fs'
import { Admin } from '../../../src/admin/admin'
import { AdminError } from '../../../src/admin/admin-error'
import {
  AbortedError,
  AuthenticationError,
  ClosedError,
  InvalidOptionError,
  TimeoutError,
} from '../../../src/base/errors'
import { createTopicsApi } from '../../../src/wire/generated/client/create-topics'
import { deleteGroupsApi } from '../../../src/wire/generated/client/delete-groups'
import { describeConfigsApi } from '../../../src/wire/generated/client/describe-configs'
import { settle } from '../support/fake-clock'
import { createdTopic } from './answers'
import { FakeCluster } from './fake-cluster'

const quick = { waitUntilReady: false } as const

function setUp() {
  const cluster = new FakeCluster()
  cluster.on(createTopicsApi, ({ request }) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ name }) => createdTopic(name)),
  }))
  return { cluster, admin: new Admin(cluster) }
}

describe('the options of an admin client', () => {
  it('have the defaults of the Java client', () => {
    expect(new Admin(new FakeCluster()).options).toEqual({
      defaultApiTimeoutMs: 60_000,
      requestTimeoutMs: 30_000,
      closeTimeoutMs: 30_000,
    })
  })

  it('raise the default of a call to the request timeout, but refuse one the user set below it', () => {
    const cluster = new FakeCluster()
    expect(new Admin(cluster, { requestTimeoutMs: 90_000 }).options.defaultApiTimeoutMs).toBe(90_000)
    expect(() => new Admin(cluster, { defaultApiTimeoutMs: 20_000 })).toThrow(
      "option 'defaultApiTimeoutMs' is 20000: must not be below requestTimeoutMs, which is 30000",
    )
  })

  it('are refused with all their problems', () => {
    const options = { requestTimeoutMs: 0, apiTimeoutMs: 1 } as never
    expect(() => new Admin(new FakeCluster(), options)).toThrow(InvalidOptionError)
    expect(() => new Admin(new FakeCluster(), options)).toThrow(/'requestTimeoutMs' is 0.*'apiTimeoutMs'/)
  })
})

describe('the life of an admin client', () => {
  it('holds the cluster from its first call until it is closed', async () => {
    const { cluster, admin } = setUp()
    expect(cluster.leases).toBe(0)
    await admin.createTopics([{ name: 'a' }], quick)
    await admin.connect()
    expect(cluster.leases).toBe(1)
    await admin.close()
    await admin.close()
    expect(cluster.leases).toBe(0)
    await expect(admin.createTopics([{ name: 'a' }])).rejects.toBeInstanceOf(ClosedError)
  })

  it('can be closed without ever having been used', async () => {
    const { cluster, admin } = setUp()
    await admin.close()
    expect(cluster.leases).toBe(0)
  })

  it('is closed by the end of an await using block', async () => {
    const { cluster, admin } = setUp()
    await admin.connect()
    await admin[Symbol.asyncDispose]()
    expect(cluster.leases).toBe(0)
  })

  it('lets calls under way end before it closes', async () => {
    const { cluster, admin } = setUp()
    let answer = () => {}
    cluster.on(deleteGroupsApi, () => {
      return new Promise((resolve) => {
        const results = [{ groupId: 'a', errorCode: 0, errorMessage: null }]
        answer = () => resolve({ throttleTimeMs: 0, results })
      })
    })
    const running = admin.deleteGroups(['a'])
    await settle()
    const closing = admin.close()
    await settle()
    expect(cluster.leases).toBe(1)
    answer()
    expect(await running).toEqual([{ groupId: 'a' }])
    await closing
    expect(cluster.leases).toBe(0)
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('lets calls under way try again before it closes', async () => {
    const { cluster, admin } = setUp()
    let attempts = 0
    cluster.on(deleteGroupsApi, () => ({
      throttleTimeMs: 0,
      results: [{ groupId: 'a', errorCode: attempts++ === 0 ? 14 : 0, errorMessage: null }],
    }))
    const running = admin.deleteGroups(['a'])
    await settle()
    const closing = admin.close()
    await cluster.clock.advance(1000)
    expect(await running).toEqual([{ groupId: 'a' }])
    await closing
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('ends what is still under way when the time to close is over', async () => {
    const { cluster, admin } = setUp()
    cluster.on(deleteGroupsApi, () => ({
      throttleTimeMs: 0,
      results: [{ groupId: 'a', errorCode: 14, errorMessage: null }],
    }))
    const running = expect(admin.deleteGroups(['a'])).rejects.toBeInstanceOf(ClosedError)
    await settle()
    const closing = admin.close()
    await cluster.clock.advance(30_000)
    await running
    await closing
    expect(cluster.leases).toBe(0)
    expect(cluster.clock.pendingTimers).toBe(0)
  })
})

describe('any admin call', () => {
  it('ends at its own timeout', async () => {
    const { cluster, admin } = setUp()
    cluster.on(deleteGroupsApi, () => ({
      throttleTimeMs: 0,
      results: [{ groupId: 'a', errorCode: 14, errorMessage: null }],
    }))
    const failed = admin.deleteGroups(['a'], { timeoutMs: 300 }).catch((e: unknown) => e)
    await cluster.clock.advance(300)
    const error = await failed
    if (!(error instanceof TimeoutError)) throw error
    expect([error.code, error.retriable]).toEqual(['TIMEOUT', true])
    expect(error.message).toContain('COORDINATOR_LOAD_IN_PROGRESS')
  })

  it('ends with AbortedError when its signal fires, also when it had fired before', async () => {
    const { cluster, admin } = setUp()
    const controller = new AbortController()
    cluster.on(deleteGroupsApi, () => ({
      throttleTimeMs: 0,
      results: [{ groupId: 'a', errorCode: 14, errorMessage: null }],
    }))
    const { signal } = controller
    const running = admin.deleteGroups(['a'], { signal, partial: true }).catch((e: unknown) => e)
    await settle()
    controller.abort(new Error('enough'))
    const error = await running
    expect(error).toBeInstanceOf(AbortedError)
    expect((error as AbortedError).cause).toEqual(new Error('enough'))
    await expect(admin.deleteGroups(['a'], { signal })).rejects.toBeInstanceOf(AbortedError)
    await admin.close()
  })

  it('throws the one reason itself when nothing could be done for any item', async () => {
    const { cluster, admin } = setUp()
    const reason = new AuthenticationError('SASL_AUTHENTICATION_FAILED', 'Wrong password')
    cluster.on(describeConfigsApi, () => Promise.reject(reason))
    const resources = ['a', 'b'].map((name) => ({ type: 'topic', name }) as const)
    await expect(admin.describeConfigs(resources)).rejects.toBe(reason)
    await expect(admin.describeConfigs(resources.slice(1))).rejects.toBe(reason)
    const results = await admin.describeConfigs(resources, { partial: true })
    expect(results.map(({ error }) => error)).toEqual([reason, reason])
  })

  it('resolves at once, and sends nothing, for no items', async () => {
    const { cluster, admin } = setUp()
    expect(await admin.createTopics([])).toEqual([])
    expect(await admin.listOffsets([])).toEqual([])
    expect(await admin.describeGroups([], { partial: true })).toEqual([])
    expect(cluster.sent).toEqual([])
  })
})

describe('the guide of the admin client', () => {
  const notCalls = new Set(['constructor', 'connect', 'close', 'call', 'items'])
  const guide = readFileSync('docs/admin.md', 'utf8')

  it('names every call, where its requests go, and every option of the client', () => {
    const calls: string[] = []
    for (
      let level: object = Admin.prototype;
      level !== Object.prototype;
      level = Object.getPrototypeOf(level)
    ) {
      calls.push(...Object.getOwnPropertyNames(level).filter((name) => !notCalls.has(name)))
    }
    expect(calls.length).toBeGreaterThan(20)
    const options = Object.keys(new Admin(new FakeCluster()).options)
    const routes = guide.slice(guide.indexOf('## Where requests go'))
    expect(calls.filter((name) => !routes.includes(`| \`${name}\``))).toEqual([])
    expect([...calls, ...options].filter((name) => !guide.includes(`| \`${name}\``))).toEqual([])
  })
})

describe('AdminError', () => {
  it('names each failed item, the first five in full, and has a code of its own when reasons differ', () => {
    const results = [1, 2, 3, 4, 5, 6, 7].map((id) => ({
      id,
      error: id === 7 ? null : new TimeoutError(id === 1 ? 'A' : 'B', `late ${id}`),
    }))
    const error = new AdminError('doThings', results, ({ id }) => `thing ${id}`)
    expect(error.message).toBe(
      'doThings failed for 6 of 7: thing 1: late 1; thing 2: late 2; thing 3: late 3; thing 4: late 4; thing 5: late 5; and 1 more',
    )
    expect(error.code).toBe('MULTIPLE_ERRORS')
    expect(error.retriable).toBe(true)
    expect(error.results).toBe(results)
  })
})
