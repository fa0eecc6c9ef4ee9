// Guards the way of a request to the right broker and back, through outages: L5, L6, L20, L22, L23.
import { Deadline } from '../../../src/base/deadline'
import {
  AuthenticationError,
  BrokerError,
  ClosedError,
  ConnectionError,
  type KafkaError,
  TimeoutError,
  UnsupportedVersionError,
} from '../../../src/base/errors'
import { silentLogger } from '../../../src/base/logger'
import { createCluster } from '../../../src/cluster/create-cluster'
import { resolveClusterOptions, type ClusterOptions } from '../../../src/cluster/cluster-options'
import type { RequestTarget } from '../../../src/cluster/cluster'
import { heartbeatApi } from '../../../src/wire/generated/client/heartbeat'
import { FakeClock, settle } from '../support/fake-clock'
import { systemError } from '../network/support/fake-socket'
import { FakeBrokers } from './support/fake-brokers'

const body = { groupId: 'g', generationId: 1, memberId: 'm' }
const coordinator: RequestTarget = { kind: 'coordinator', type: 'group', key: 'g' }

function setUp(nodeIds: readonly number[] = [1, 2, 3], options: Partial<ClusterOptions> = {}) {
  const clock = new FakeClock()
  const brokers = new FakeBrokers(nodeIds)
  const cluster = createCluster(
    resolveClusterOptions({
      brokers: ['kafka:9001', 'kafka:9002'],
      clock,
      openSocket: brokers.factory,
      resolveHost: async (host) => [host],
      random: () => 0.5,
      logger: silentLogger,
      ...options,
    }),
  )
  const lease = cluster.lease()
  const deadline = (timeoutMs = 10_000, signal?: AbortSignal) =>
    new Deadline(clock, 'the call', timeoutMs, signal)
  const request = (target: RequestTarget, extra: { repeatable?: boolean; timeoutMs?: number } = {}) =>
    cluster.request(target, heartbeatApi, body, {
      deadline: deadline(extra.timeoutMs),
      errorOf: (response) => response,
      ...(extra.repeatable === undefined ? {} : { repeatable: extra.repeatable }),
    })
  return { clock, brokers, cluster, lease, deadline, request }
}

async function outcome<T>(clock: FakeClock, promise: Promise<T>, stepMs = 50, steps = 400): Promise<T> {
  let done = false
  const watched = promise.finally(() => (done = true))
  watched.catch(() => {})
  for (let i = 0; i < steps; i++) {
    await settle()
    if (done) break
    await clock.advance(stepMs)
  }
  return await watched
}

async function failure(clock: FakeClock, promise: Promise<unknown>): Promise<KafkaError> {
  return await outcome(
    clock,
    promise.then(
      () => Promise.reject(new Error('It did not fail')),
      (error: KafkaError) => error,
    ),
  )
}

describe('finding the cluster', () => {
  test('opens nothing before the first request', async () => {
    const { brokers, clock } = setUp()
    await clock.advance(1000)
    expect(brokers.sockets.length).toBe(0)
  })

  test('keeps the connection that found the cluster as that broker’s own', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1], { brokers: ['kafka:9001'] })
    await outcome(clock, cluster.metadata.refresh(deadline()))
    await outcome(clock, cluster.send(1, heartbeatApi, body))
    expect(brokers.sockets.length).toBe(1)
  })

  test('one address that answers is enough', async () => {
    const { clock, brokers, cluster, deadline } = setUp()
    brokers.up.set(1, false)
    await outcome(clock, cluster.metadata.refresh(deadline()))
    expect(cluster.metadata.brokers().map(({ nodeId }) => nodeId)).toEqual([1, 2, 3])
    expect(cluster.metadata.clusterId).toBe('the-cluster')
  })

  test('L20: when nothing answers, the call ends in a timeout that names each address and its reason', async () => {
    const { clock, brokers, cluster, deadline, request } = setUp()
    await outcome(clock, cluster.metadata.refresh(deadline()))
    for (const nodeId of [1, 2, 3]) brokers.kill(nodeId)
    const start = clock.now()
    const error = await failure(clock, request({ kind: 'any' }, { timeoutMs: 3000 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toMatch(/the call ran out of time after \d+ attempts on .*kafka:900[12]/)
    expect(error.cause).toBeInstanceOf(ConnectionError)
    expect(clock.now() - start).toBeLessThan(3200)
  })

  test('waits for metadata no longer than the deadline, and says why there is none', async () => {
    const { clock, brokers, cluster, deadline } = setUp()
    await outcome(clock, cluster.metadata.refresh(deadline()))
    for (const nodeId of [1, 2, 3]) brokers.kill(nodeId)
    const error = await failure(clock, cluster.metadata.refresh(deadline(2000)))
    expect(error).toMatchObject({ code: 'METADATA_TIMEOUT' })
    expect(error.message).toContain('connection refused')
  })

  test('takes addresses at which nothing ever listened for a wrong option, and says so at once', async () => {
    const { clock, brokers, cluster, deadline } = setUp()
    for (const nodeId of [1, 2]) brokers.up.set(nodeId, false)
    const error = await failure(clock, cluster.metadata.refresh(deadline(60_000)))
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', retriable: false })
    expect(error.message).toContain('check the option brokers')
    expect(clock.now()).toBeLessThan(2000)
    for (const address of ['kafka:9001', 'kafka:9002']) expect(error.message).toContain(address)
    expect(error.message).toContain('connection refused')
  })

  test('finds the cluster again by its bootstrap addresses when all known brokers are gone', async () => {
    const { clock, brokers, cluster, deadline } = setUp([3, 4], { brokers: ['kafka:9003', 'kafka:9005'] })
    await outcome(clock, cluster.metadata.refresh(deadline()))
    expect(cluster.metadata.brokers().length).toBe(2)
    brokers.kill(3)
    brokers.kill(4)
    brokers.up.set(5, true)
    brokers.alive = [5]
    await outcome(clock, cluster.metadata.refresh(deadline()))
    expect(cluster.metadata.brokers().map(({ nodeId }) => nodeId)).toEqual([5])
  })
})

describe('versions', () => {
  test('takes the highest version that both sides and the caller have', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1])
    brokers.ranges.set('Heartbeat', { minVersion: 0, maxVersion: 2 })
    await outcome(clock, cluster.metadata.refresh(deadline()))
    expect(await outcome(clock, cluster.negotiatedVersion(1, heartbeatApi))).toBe(2)
    await outcome(clock, cluster.send(1, heartbeatApi, body, { maxVersion: 1 }))
    expect(brokers.seen.at(-1)).toMatchObject({ api: 'Heartbeat', version: 1 })
  })

  test('names API and ranges when there is no common version, and fails that call only', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1])
    brokers.ranges.set('Heartbeat', { minVersion: 0, maxVersion: 2 })
    await outcome(clock, cluster.metadata.refresh(deadline()))
    const error = await failure(clock, cluster.send(1, heartbeatApi, body, { minVersion: 3 }))
    expect(error).toBeInstanceOf(UnsupportedVersionError)
    expect(error.message).toMatch(/Heartbeat: the broker has 0 to 2, this call needs 3 to 4/)
    await outcome(clock, cluster.send(1, heartbeatApi, body))
  })

  test('asks an old broker for its versions again in a version it knows', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1])
    brokers.ranges.set('ApiVersions', { minVersion: 0, maxVersion: 2 })
    await outcome(clock, cluster.metadata.refresh(deadline()))
    expect(brokers.seen.slice(0, 2).map(({ version }) => version)).toEqual([4, 2])
    expect(brokers.sockets.length).toBe(1)
  })

  test('makes the body for the version that was chosen', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1])
    await outcome(clock, cluster.metadata.refresh(deadline()))
    const made: number[] = []
    const makeBody = (version: number) => {
      made.push(version)
      return body
    }
    await outcome(clock, cluster.send(1, heartbeatApi, makeBody, { maxVersion: 3 }))
    expect(made).toEqual([3])
    expect(brokers.count('Heartbeat')).toBe(1)
  })
})

describe('routing and retries', () => {
  test('finds the coordinator once and sends to it', async () => {
    const { clock, brokers, request } = setUp()
    await outcome(clock, request(coordinator))
    await outcome(clock, request(coordinator))
    expect(brokers.count('FindCoordinator')).toBe(1)
    expect(brokers.count('Heartbeat', 1)).toBe(2)
  })

  test.each([0, 3, 4, 6])('finds a coordinator with FindCoordinator v%p', async (version) => {
    const { clock, brokers, cluster, deadline } = setUp()
    brokers.ranges.set('FindCoordinator', { minVersion: 0, maxVersion: version })
    expect(await outcome(clock, cluster.coordinator('group', 'g', deadline()))).toBe(1)
    expect(brokers.seen.at(-1)).toMatchObject({ api: 'FindCoordinator', version })
  })

  test.each([
    ['NOT_COORDINATOR', 16],
    ['COORDINATOR_NOT_AVAILABLE', 15],
  ])('looks the coordinator up again after %s', async (_, errorCode) => {
    const { clock, brokers, request } = setUp()
    let answers = 0
    brokers.on('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: answers++ === 0 ? errorCode : 0 }))
    await outcome(clock, request(coordinator))
    expect(brokers.count('FindCoordinator')).toBe(2)
  })

  test('stays with the coordinator while it loads', async () => {
    const { clock, brokers, request } = setUp()
    let answers = 0
    brokers.on('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: answers++ < 2 ? 14 : 0 }))
    await outcome(clock, request(coordinator))
    expect(brokers.count('FindCoordinator')).toBe(1)
    expect(answers).toBe(3)
  })

  test('asks for metadata again after NOT_CONTROLLER', async () => {
    const { clock, brokers, request } = setUp()
    brokers.on('Heartbeat', ({ nodeId }) => {
      if (nodeId === 2) return { throttleTimeMs: 0, errorCode: 0 }
      brokers.controllerId = 2
      return { throttleTimeMs: 0, errorCode: 41 }
    })
    await outcome(clock, request({ kind: 'controller' }))
    expect(brokers.count('Heartbeat', 2)).toBe(1)
  })

  test('throws an error that trying again can not mend at once, with where it came from', async () => {
    const { clock, brokers, request } = setUp()
    brokers.on('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: 30 }))
    const error = await failure(clock, request(coordinator))
    expect(error).toBeInstanceOf(BrokerError)
    expect(error).toMatchObject({
      code: 'GROUP_AUTHORIZATION_FAILED',
      context: { nodeId: 1, api: 'Heartbeat' },
    })
    expect(brokers.count('Heartbeat')).toBe(1)
  })

  test('an unreachable broker does not delay a request that any broker can answer', async () => {
    const { clock, brokers, request, cluster, deadline } = setUp()
    await outcome(clock, cluster.metadata.refresh(deadline()))
    const before = clock.now()
    brokers.kill(1)
    brokers.kill(2)
    const call = request({ kind: 'any' })
    await settle()
    await settle()
    await call
    expect(clock.now()).toBe(before)
  })

  test('moves to the new coordinator when the old one dies with the request', async () => {
    const { clock, brokers, request } = setUp()
    brokers.on('Heartbeat', ({ nodeId }) => {
      if (nodeId !== 1) return { throttleTimeMs: 0, errorCode: 0 }
      brokers.up.set(1, false)
      brokers.on('FindCoordinator', () => ({
        coordinators: [{ key: 'g', nodeId: 2, host: 'kafka', port: 9002, errorCode: 0, errorMessage: null }],
      }))
      return 'close'
    })
    await outcome(clock, request(coordinator))
    expect(brokers.count('Heartbeat', 2)).toBe(1)
  })

  test('L5: a request that must not be sent twice is not, once a broker may have acted on it', async () => {
    const { clock, brokers, request } = setUp()
    brokers.on('Heartbeat', () => 'close')
    const error = await failure(clock, request(coordinator, { repeatable: false }))
    expect(error).toMatchObject({ maybeWritten: true })
    expect(brokers.count('Heartbeat')).toBe(1)
  })

  test('pauses longer after each failure, within the limit', async () => {
    const { clock, brokers, request } = setUp()
    const times: number[] = []
    brokers.on('Heartbeat', () => {
      times.push(clock.now())
      return { throttleTimeMs: 0, errorCode: 14 }
    })
    const error = await failure(clock, request(coordinator, { timeoutMs: 4000 }))
    expect(error.message).toMatch(
      /after 7 attempts on 1 at kafka:9001; the last error was: .*COORDINATOR_LOAD/,
    )
    expect(error.cause).toMatchObject({ code: 'COORDINATOR_LOAD_IN_PROGRESS' })
    const pauses = times.slice(1).map((time, i) => time - (times[i] as number))
    expect(pauses).toEqual([100, 200, 400, 800, 1000, 1000])
  })

  test('L20: a silent broker does not hold up what another can answer', async () => {
    const { clock, brokers, cluster, deadline } = setUp()
    await outcome(clock, cluster.metadata.refresh(deadline()))
    const before = clock.now()
    brokers.on('Metadata', ({ nodeId, body: asked }) =>
      nodeId === 1 ? undefined : brokers.metadata(asked as never),
    )
    await outcome(clock, cluster.metadata.refresh(deadline()))
    brokers.on('FindCoordinator', ({ nodeId }) =>
      nodeId === 1
        ? undefined
        : {
            coordinators: [
              { key: 'g', nodeId: 2, host: 'kafka', port: 9002, errorCode: 0, errorMessage: null },
            ],
          },
    )
    expect(await outcome(clock, cluster.coordinator('group', 'g', deadline()))).toBe(2)
    expect(clock.now() - before).toBeLessThan(7000)
  })

  test('a last attempt that the deadline cut short does not hide what went wrong before', async () => {
    const { clock, brokers, request } = setUp()
    brokers.on('Heartbeat', () => (clock.now() >= 900 ? undefined : { throttleTimeMs: 0, errorCode: 14 }))
    const error = await failure(clock, request(coordinator, { timeoutMs: 2000 }))
    expect(error.message).toMatch(/ran out of time.*COORDINATOR_LOAD_IN_PROGRESS/)
  })

  test('a signal ends the call at once, wherever it is', async () => {
    const { clock, brokers, cluster, deadline } = setUp()
    for (const silent of ['Heartbeat', 'FindCoordinator']) {
      brokers.on(silent, () => undefined)
      const controller = new AbortController()
      const call = cluster.request(coordinator, heartbeatApi, body, {
        deadline: deadline(10_000, controller.signal),
      })
      await settle()
      controller.abort(new Error('no longer wanted'))
      expect(await failure(clock, call)).toMatchObject({ code: 'ABORTED' })
    }
  })

  test('a broker that metadata does not name is an error that may pass', async () => {
    const { clock, cluster } = setUp()
    expect(await failure(clock, cluster.send(9, heartbeatApi, body))).toMatchObject({
      code: 'BROKER_NOT_AVAILABLE',
      retriable: true,
    })
  })
})

describe('connections', () => {
  test('requests of one name share a connection, those of another have their own', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1])
    await outcome(clock, cluster.metadata.refresh(deadline()))
    await outcome(clock, Promise.all([1, 2, 3].map(() => cluster.send(1, heartbeatApi, body))))
    await outcome(clock, cluster.send(1, heartbeatApi, body, { connection: 'fetch' }))
    expect(brokers.openSockets().length).toBe(2)
    cluster.closeConnections('fetch')
    expect(brokers.openSockets().length).toBe(1)
  })

  test('closing a named connection rejects what is in flight on it', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1])
    await outcome(clock, cluster.metadata.refresh(deadline()))
    brokers.on('Heartbeat', () => undefined)
    const call = cluster.send(1, heartbeatApi, body, { connection: 'fetch' })
    await settle()
    cluster.closeConnections('fetch')
    expect(await failure(clock, call)).toBeInstanceOf(ClosedError)
  })

  test('an idle connection is closed after its time, and the next request opens another', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1], { connectionsMaxIdleMs: 60_000 })
    await outcome(clock, cluster.metadata.refresh(deadline()))
    await clock.advance(59_000)
    expect(brokers.openSockets().length).toBe(1)
    await clock.advance(2000)
    expect(brokers.openSockets().length).toBe(0)
    await outcome(clock, cluster.send(1, heartbeatApi, body))
    expect(brokers.openSockets().length).toBe(1)
  })

  test('a connection the broker closed while idle is replaced without a failed request or a pause', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1])
    await outcome(clock, cluster.metadata.refresh(deadline()))
    await clock.advance(5000)
    brokers.openSockets(1)[0]?.end()
    await settle()
    const before = clock.now()
    const call = cluster.send(1, heartbeatApi, body)
    await settle()
    await settle()
    await call
    expect(clock.now()).toBe(before)
  })

  test('a broker found at another address gets a new connection there', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1])
    await outcome(clock, cluster.metadata.refresh(deadline()))
    brokers.host = 'moved'
    await outcome(clock, cluster.metadata.refresh(deadline()))
    await outcome(clock, cluster.send(1, heartbeatApi, body))
    expect(brokers.openSockets().map(({ target }) => target.host)).toEqual(['moved'])
  })

  test('L20: what waits at a frozen broker fails as soon as metadata no longer names it', async () => {
    const { clock, brokers, cluster, deadline } = setUp()
    await outcome(clock, cluster.metadata.refresh(deadline()))
    brokers.on('Heartbeat', () => undefined)
    const call = cluster.send(3, heartbeatApi, body)
    await settle()
    brokers.alive = [1, 2]
    const error = await failure(clock, call)
    expect(error).toMatchObject({ code: 'DISCONNECTED', maybeWritten: true })
    expect(clock.now()).toBeLessThan(5000)
  })

  test('tries every address of a name', async () => {
    const { clock, brokers, cluster, deadline } = setUp([1], {
      brokers: ['kafka:9001'],
      resolveHost: async () => ['10.0.0.1', '10.0.0.2'],
      openSocket: (target, listener) => {
        if (target.address === '10.0.0.2') return brokers.factory(target, listener)
        queueMicrotask(() => listener.onClosed(systemError('EHOSTUNREACH')))
        return { write: () => {}, destroy: () => {} }
      },
    })
    await outcome(clock, cluster.metadata.refresh(deadline()))
    expect(brokers.openSockets().map(({ target }) => target.address)).toEqual(['10.0.0.2'])
  })

  test('a connection that can not be made in time fails, with the time growing', async () => {
    const { clock, cluster, deadline } = setUp([1], {
      brokers: ['kafka:9001'],
      openSocket: (_, listener) => ({ write: () => {}, destroy: () => listener.onClosed(undefined) }),
    })
    const error = await failure(clock, cluster.metadata.refresh(deadline(15_000)))
    expect(error.message).toMatch(/could not be made within 10000 ms/)
  })

  test('says that a name does not exist', async () => {
    const { clock, cluster, deadline } = setUp([1], {
      brokers: ['nowhere:9001'],
      resolveHost: () => Promise.reject(systemError('ENOTFOUND')),
    })
    const error = await failure(clock, cluster.metadata.refresh(deadline(1000)))
    expect(error.message).toMatch(/'nowhere' could not be resolved: the name does not exist in DNS/)
  })
})

describe('mistaken options end at once', () => {
  test('a broker that speaks TLS', async () => {
    const { clock, brokers, cluster, deadline } = setUp()
    brokers.on('ApiVersions', ({ socket }) => void socket.deliver(Buffer.from([0x15, 3, 3, 0, 2, 2, 22])))
    const error = await failure(clock, cluster.metadata.refresh(deadline()))
    expect(error).toMatchObject({ code: 'TLS_REQUIRED', retriable: false })
    expect(clock.now()).toBe(0)
  })

  test('a plaintext broker where TLS is spoken, after three rounds', async () => {
    const { clock, cluster, deadline } = setUp([1], {
      brokers: ['kafka:9001'],
      tls: true,
      openSocket: (_, listener) => {
        queueMicrotask(() => listener.onClosed(systemError('ECONNRESET')))
        return { write: () => {}, destroy: () => {} }
      },
    })
    const error = await failure(clock, cluster.metadata.refresh(deadline()))
    expect(error).toMatchObject({ code: 'TLS_HANDSHAKE_CLOSED', retriable: false })
    expect(clock.now()).toBeLessThan(1000)
  })

  test('one wrong address does not spoil the others', async () => {
    const { clock, brokers, cluster, deadline, request } = setUp()
    brokers.on('ApiVersions', ({ nodeId, socket }) => {
      if (nodeId === 1) return void socket.deliver(Buffer.from('HTTP/1.1 400'))
      const apiKeys = [3, 10, 12, 18].map((apiKey) => ({ apiKey, minVersion: 0, maxVersion: 4 }))
      return { errorCode: 0, throttleTimeMs: 0, apiKeys }
    })
    await outcome(clock, cluster.metadata.refresh(deadline()))
    await outcome(clock, request({ kind: 'any' }))
  })
})

describe('authentication', () => {
  const sasl = { mechanism: 'PLAIN', username: 'alice', password: 'hidden!' } as const

  function authenticating(lifetimeMs: bigint) {
    const set = setUp([1], { sasl })
    set.brokers.on('SaslHandshake', () => ({ errorCode: 0, mechanisms: ['PLAIN'] }))
    set.brokers.on('SaslAuthenticate', () => ({
      errorCode: 0,
      errorMessage: null,
      authBytes: Buffer.alloc(0),
      sessionLifetimeMs: lifetimeMs,
    }))
    return set
  }

  test('asks for versions, authenticates, then sends', async () => {
    const { clock, brokers, cluster, deadline } = authenticating(0n)
    await outcome(clock, cluster.metadata.refresh(deadline()))
    expect(brokers.seen.map(({ api }) => api)).toEqual([
      'ApiVersions',
      'SaslHandshake',
      'SaslAuthenticate',
      'Metadata',
    ])
  })

  test('wrong credentials are final, in the broker’s own words, and nobody keeps knocking', async () => {
    const { clock, brokers, cluster, deadline } = authenticating(0n)
    brokers.on('SaslAuthenticate', () => ({
      errorCode: 58,
      errorMessage: 'Authentication failed: Invalid username or password',
      authBytes: Buffer.alloc(0),
    }))
    const error = await failure(clock, cluster.metadata.refresh(deadline()))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ code: 'SASL_AUTHENTICATION_FAILED', retriable: false })
    expect(error.message).toMatch(/Invalid username or password/)
    expect(error.message).not.toContain('hidden!')
    const attempts = brokers.sockets.length
    await clock.advance(60_000)
    expect(brokers.sockets.length).toBe(attempts)
  })

  test('names the mechanisms a broker has when ours is not among them', async () => {
    const { clock, brokers, cluster, deadline } = authenticating(0n)
    brokers.on('SaslHandshake', () => ({ errorCode: 33, mechanisms: ['GSSAPI', 'OAUTHBEARER'] }))
    const error = await failure(clock, cluster.metadata.refresh(deadline()))
    expect(error.message).toMatch(/does not accept the SASL mechanism PLAIN; it offers GSSAPI, OAUTHBEARER/)
  })

  test('authenticates again on the same connection before the session ends, with order kept', async () => {
    const { clock, brokers, cluster, deadline } = authenticating(10_000n)
    await outcome(clock, cluster.metadata.refresh(deadline()))
    await clock.advance(8000)
    await outcome(clock, cluster.send(1, heartbeatApi, body))
    expect(brokers.count('SaslAuthenticate')).toBe(1)
    await clock.advance(1500)
    await outcome(
      clock,
      Promise.all([cluster.send(1, heartbeatApi, body), cluster.send(1, heartbeatApi, body)]),
    )
    expect(brokers.seen.slice(-4).map(({ api }) => api)).toEqual([
      'SaslHandshake',
      'SaslAuthenticate',
      'Heartbeat',
      'Heartbeat',
    ])
    expect(brokers.sockets.length).toBe(1)
  })

  test('a session that can not be renewed ends the connection with the authentication error', async () => {
    const { clock, brokers, cluster, deadline } = authenticating(10_000n)
    await outcome(clock, cluster.metadata.refresh(deadline()))
    brokers.on('SaslAuthenticate', () => ({
      errorCode: 58,
      errorMessage: 'expired',
      authBytes: Buffer.alloc(0),
    }))
    await clock.advance(9500)
    expect(await failure(clock, cluster.send(1, heartbeatApi, body))).toBeInstanceOf(AuthenticationError)
  })
})

describe('leases', () => {
  test('L23: the last release leaves no socket and no timer, and rejects what is under way', async () => {
    const { clock, brokers, cluster, lease, deadline } = setUp()
    const second = cluster.lease()
    brokers.topics.set('t', {
      topicId: 'BBBBBBBBBBBBBBBBBBBBBA',
      partitions: [{ leaderId: 1, leaderEpoch: 0 }],
    })
    await outcome(clock, cluster.metadata.requireTopics(['t'], deadline(), { allowAutoTopicCreation: false }))
    brokers.on('Heartbeat', () => undefined)
    const call = cluster.send(1, heartbeatApi, body)
    await settle()
    await lease.release()
    await lease.release()
    expect(brokers.openSockets().length).toBeGreaterThan(0)
    await second.release()
    expect(await failure(clock, call)).toBeInstanceOf(ClosedError)
    expect(brokers.openSockets()).toEqual([])
    expect(clock.pendingTimers).toBe(0)
  })

  test('without a lease nothing is carried; with a new one all works again', async () => {
    const { clock, cluster, lease, deadline, request } = setUp()
    await outcome(clock, request({ kind: 'any' }))
    await lease.release()
    expect(await failure(clock, cluster.send(1, heartbeatApi, body))).toBeInstanceOf(ClosedError)
    expect(await failure(clock, request({ kind: 'any' }))).toBeInstanceOf(ClosedError)
    expect(await failure(clock, cluster.metadata.refresh(deadline()))).toBeInstanceOf(ClosedError)
    cluster.lease()
    await outcome(clock, request({ kind: 'any' }))
  })
})
