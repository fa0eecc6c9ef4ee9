// Guards against a broker in process that answers what Kafka would refuse, out of order, or after it should be gone.
import { createDeferred, type Deferred } from '../../../../src/base/deferred'
import type { Authentication } from '../../../../src/testing/contracts/security'
import { handler, type RequestContext } from '../../../../src/testing/contracts/api-handler'
import { apiVersionsApi } from '../../../../src/wire/generated/client/api-versions'
import { heartbeatApi } from '../../../../src/wire/generated/client/heartbeat'
import { produceApi } from '../../../../src/wire/generated/client/produce'
import { saslHandshakeApi } from '../../../../src/wire/generated/client/sasl-handshake'
import { brokerApis } from '../../../../src/wire/generated/broker/apis-by-name'
import { FakeClock, settle } from '../../support/fake-clock'
import { RawClient, requestFrame } from '../support/raw-client'
import { createServer, LogKeeper } from '../support/server-fixture'

const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm' }
const versions = handler(brokerApis.ApiVersions, () => ({ errorCode: 0, apiKeys: [] }))
const beats = handler(brokerApis.Heartbeat, ({ generationId }) => ({ errorCode: generationId }))

function beat(correlationId: number, generationId = 0): Buffer {
  return requestFrame(heartbeatApi, 4, { ...heartbeat, generationId }, correlationId)
}

/** A Heartbeat handler whose answers a test gives. */
function manualBeats(): { pending: Deferred<void>[]; handlers: ReturnType<typeof handler>[] } {
  const pending: Deferred<void>[] = []
  const manual = handler(brokerApis.Heartbeat, async () => {
    const deferred = createDeferred<void>()
    pending.push(deferred)
    await deferred.promise
    return { errorCode: 0 }
  })
  return { pending, handlers: [versions, manual] as ReturnType<typeof handler>[] }
}

describe('a connection', () => {
  it.each([0, 1, 2, 3, 4])('answers version %i with the header that belongs to it', (version) => {
    const server = createServer([beats])
    const client = new RawClient(server)
    client.send(requestFrame(heartbeatApi, version, { ...heartbeat, generationId: 27 }, 99))
    expect(client.response(heartbeatApi, version, 99).errorCode).toBe(27)
    expect(server.failures).toEqual([])
  })

  it('answers requests that come in one chunk, or byte by byte, in their order', () => {
    const client = new RawClient(createServer([beats]))
    const bytes = Buffer.concat([beat(1), beat(2), beat(3)])
    client.send(bytes)
    expect(client.frames().map((frame) => frame.readInt32BE(0))).toEqual([1, 2, 3])
    for (const byte of bytes) client.send(Buffer.from([byte]))
    expect(client.frames().map((frame) => frame.readInt32BE(0))).toEqual([1, 2, 3])
  })

  it('does not start a request before the one before it is answered', async () => {
    const { pending, handlers } = manualBeats()
    const client = new RawClient(createServer(handlers))
    client.send(Buffer.concat([beat(1), beat(2)]))
    expect(pending).toHaveLength(1)
    pending[0]?.resolve()
    await settle()
    expect(client.frames()).toHaveLength(1)
    expect(pending).toHaveLength(2)
  })

  it('sends nothing when the handler gives nothing, and goes on', () => {
    const silent = handler(brokerApis.Produce, () => undefined)
    const client = new RawClient(createServer([silent, beats]))
    client.send(requestFrame(produceApi, 9, { acks: 0, timeoutMs: 1, topicData: [] }))
    client.send(beat(2))
    expect(client.frames().map((frame) => frame.readInt32BE(0))).toEqual([2])
  })

  it('closes when a handler asks for it, without an answer', () => {
    const closing = handler(brokerApis.Heartbeat, (_, context: RequestContext) => {
      context.closeConnection = true
      return { errorCode: 0 }
    })
    const client = new RawClient(createServer([closing]))
    client.send(beat(1))
    expect(client.isClosed).toBe(true)
    expect(client.frames()).toEqual([])
  })

  it('stops reading when a client sends far more than it lets be answered, and goes on later', async () => {
    const { pending, handlers } = manualBeats()
    const client = new RawClient(createServer(handlers))
    for (let i = 0; i < 200; i++) client.send(beat(i))
    expect(client.isPaused).toBe(true)
    for (let i = 0; i < 200; i++) {
      pending[i]?.resolve()
      await Promise.resolve()
      await settle()
    }
    expect(client.isPaused).toBe(false)
    expect(client.frames()).toHaveLength(200)
  })

  it('waits with the next request while the client does not take the answer', () => {
    const client = new RawClient(createServer([beats]))
    client.takesMore = false
    client.send(Buffer.concat([beat(1), beat(2)]))
    expect(client.frames()).toHaveLength(1)
    client.takesMore = true
    client.onDrain()
    expect(client.frames()).toHaveLength(1)
  })

  it('closes for a key or version that is not served', () => {
    for (const frame of [requestFrame(produceApi, 9, { acks: 1, timeoutMs: 1, topicData: [] }), beat(1)]) {
      const release = { versionsOf: (key: number) => (key === 12 ? { min: 0, max: 3 } : undefined) }
      const client = new RawClient(createServer([beats], { release }))
      client.send(frame)
      expect(client.isClosed).toBe(true)
    }
  })

  it('answers ApiVersions of a later time with UNSUPPORTED_VERSION in the layout of version 0 (KIP-511)', () => {
    const release = { versionsOf: () => ({ min: 0, max: 3 }) }
    const client = new RawClient(createServer([versions, beats], { release }))
    const frame = requestFrame(apiVersionsApi, 4, {
      clientSoftwareName: 'a',
      clientSoftwareVersion: '1',
    })
    client.send(frame)
    const response = client.response(apiVersionsApi, 0)
    expect(response.errorCode).toBe(35)
    expect(response.apiKeys).toMatchObject([{ apiKey: 18, minVersion: 0, maxVersion: 3 }])
    client.send(requestFrame(heartbeatApi, 3, heartbeat, 7))
    expect(client.frames()).toHaveLength(1)
  })

  it('notes the software that ApiVersions names, unless the name is none', () => {
    const seen: string[] = []
    const spy = handler(brokerApis.ApiVersions, (_, { session }) => {
      seen.push(`${session.softwareName} ${session.softwareVersion}`)
      return { errorCode: 0, apiKeys: [] }
    })
    const client = new RawClient(createServer([spy]))
    const ask = (clientSoftwareName: string): void =>
      client.send(requestFrame(apiVersionsApi, 3, { clientSoftwareName, clientSoftwareVersion: '1.2' }))
    ask('-bad-')
    ask('typed-kafka')
    expect(seen).toEqual(['unknown 1.2', 'typed-kafka 1.2'])
  })

  it('closes, says so loudly and notes it when a handler throws, or answers what has no bytes', async () => {
    const mistakes = [
      handler(brokerApis.Heartbeat, () => {
        throw new TypeError('a mistake')
      }),
      handler(brokerApis.Heartbeat, () => Promise.reject(new TypeError('a mistake'))),
      handler(brokerApis.Heartbeat, () => ({ errorCode: NaN })),
    ]
    for (const mistake of mistakes) {
      const logger = new LogKeeper()
      const server = createServer([mistake], { logger })
      const client = new RawClient(server)
      client.send(beat(1))
      await settle()
      expect(client.isClosed).toBe(true)
      expect(server.failures).toMatchObject([{ api: 'Heartbeat', apiVersion: 4 }])
      expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
    }
  })

  it('works off what came before the client went, and tells handlers that it went', async () => {
    const { pending, handlers } = manualBeats()
    let ended: AbortSignal | undefined
    const spy = handler(brokerApis.ApiVersions, (_, { session }) => {
      ended = session.ended
      return { errorCode: 0, apiKeys: [] }
    })
    const client = new RawClient(createServer([...handlers.slice(1), spy]))
    client.send(requestFrame(apiVersionsApi, 0, {}))
    client.send(Buffer.concat([beat(1), beat(2)]))
    client.destroy()
    expect(ended?.aborted).toBe(true)
    pending[0]?.resolve()
    await settle()
    expect(pending).toHaveLength(2)
  })

  it('reads nothing more from a client for the throttle time after it was told (KIP-219)', async () => {
    const clock = new FakeClock()
    const throttling = handler(brokerApis.Heartbeat, ({ generationId }, context) => {
      context.throttleMs = generationId
      return { errorCode: 0, throttleTimeMs: generationId }
    })
    const client = new RawClient(createServer([throttling], { clock }))
    client.send(Buffer.concat([beat(1, 500), beat(2, 0)]))
    expect(client.frames()).toHaveLength(1)
    await clock.advance(499)
    expect(client.frames()).toHaveLength(0)
    await clock.advance(1)
    expect(client.frames()).toHaveLength(1)
  })

  it('closes after connections.max.idle.ms without a request, and leaves no timer', async () => {
    const clock = new FakeClock()
    const configs = { 'connections.max.idle.ms': 1000 }
    const client = new RawClient(createServer([beats], { clock, configs }))
    await clock.advance(900)
    client.send(beat(1))
    await clock.advance(900)
    expect(client.isClosed).toBe(false)
    await clock.advance(100)
    expect(client.isClosed).toBe(true)
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('a broker that is', () => {
  it('paused takes bytes and answers after it goes on, also what was under way', async () => {
    const { pending, handlers } = manualBeats()
    const server = createServer(handlers)
    const client = new RawClient(server)
    client.send(Buffer.concat([beat(1), beat(2)]))
    server.setState('paused')
    pending[0]?.resolve()
    await settle()
    const late = new RawClient(server)
    late.send(beat(3))
    expect(client.frames()).toEqual([])
    expect(pending).toHaveLength(1)
    server.setState('running')
    expect(client.frames()).toHaveLength(1)
    expect(pending).toHaveLength(3)
  })

  it('stopped ends its connections and takes none; what was under way is not answered', async () => {
    const { pending, handlers } = manualBeats()
    const server = createServer(handlers)
    const client = new RawClient(server)
    client.send(Buffer.concat([beat(1), beat(2)]))
    server.setState('stopped')
    expect(client.isClosed).toBe(true)
    expect(new RawClient(server).isClosed).toBe(true)
    pending[0]?.resolve()
    await settle()
    expect(client.frames()).toEqual([])
    expect(pending).toHaveLength(1)
    server.setState('running')
    expect(new RawClient(server).isClosed).toBe(false)
  })
})

describe('a connection that asks for SASL', () => {
  const handshake = handler(brokerApis.SaslHandshake, ({ mechanism }) => ({
    errorCode: mechanism === 'PLAIN' ? 0 : 33,
    mechanisms: ['PLAIN'],
  }))

  function authentication(state: { principal: boolean; expired: boolean }): Authentication {
    return {
      get principal() {
        return state.principal ? { type: 'User', name: 'alice' } : undefined
      },
      mechanisms: ['PLAIN'],
      handshake: () => {},
      authenticate: () => Promise.resolve({ bytes: Buffer.alloc(0), sessionLifetimeMs: 0 }),
      get isExpired() {
        return state.expired
      },
    }
  }

  it('serves nothing but versions and authentication before it is known who asks', () => {
    const state = { principal: false, expired: false }
    const server = createServer([versions, handshake, beats], { authentication: () => authentication(state) })
    const client = new RawClient(server)
    client.send(requestFrame(apiVersionsApi, 0, {}))
    client.send(requestFrame(saslHandshakeApi, 1, { mechanism: 'PLAIN' }))
    expect(client.frames()).toHaveLength(2)
    client.send(beat(1))
    expect(client.isClosed).toBe(true)
    expect(client.frames()).toEqual([])
  })

  it('serves all once it is known, until the session is over', () => {
    const state = { principal: true, expired: false }
    const server = createServer([versions, handshake, beats], { authentication: () => authentication(state) })
    const client = new RawClient(server)
    client.send(beat(1))
    state.expired = true
    client.send(requestFrame(saslHandshakeApi, 1, { mechanism: 'PLAIN' }))
    expect(client.frames()).toHaveLength(2)
    client.send(beat(1))
    expect(client.isClosed).toBe(true)
  })

  it('closes after it has said that the mechanism is refused', () => {
    const state = { principal: false, expired: false }
    const server = createServer([handshake], { authentication: () => authentication(state) })
    const client = new RawClient(server)
    client.send(requestFrame(saslHandshakeApi, 1, { mechanism: 'MAGIC' }))
    expect(client.response(saslHandshakeApi, 1).errorCode).toBe(33)
    expect(client.isClosed).toBe(true)
  })

  it('stays open where SASL is not asked for at all, and the answer says so', () => {
    const client = new RawClient(createServer([handshake]))
    client.send(requestFrame(saslHandshakeApi, 1, { mechanism: 'MAGIC' }))
    expect(client.frames()).toHaveLength(1)
    expect(client.isClosed).toBe(false)
  })
})
