// Guards L4, L5, L6 and L23: answers reach their own callers, every request settles and knows its fate, throttling and
// size limits hold, and nothing runs while nothing waits.
import { heartbeatApi } from '../../../src/wire/generated/client/heartbeat'
import { produceApi } from '../../../src/wire/generated/client/produce'
import {
  AuthenticationError,
  ConnectionError,
  DecodeError,
  KafkaError,
  TimeoutError,
} from '../../../src/base/errors'
import { silentLogger } from '../../../src/base/logger'
import { Connection } from '../../../src/network/connection'
import {
  type RequestAnsweredEvent,
  RequestEvents,
  type RequestListeners,
  type RequestTimedOutEvent,
} from '../../../src/network/request-events'
import type { CallOptions } from '../../../src/network/connection-call'
import { FakeClock, settle } from '../support/fake-clock'
import { fakeSockets, systemError, type FakeSocket } from './support/fake-socket'

const version = 3
const body = { groupId: 'g', generationId: 1, memberId: 'm' }

interface SetUp {
  tls?: boolean
  maxResponseBytes?: number
  open?: boolean
  maxInFlight?: number
  events?: RequestListeners
}

function setUp(options: SetUp = {}) {
  const clock = new FakeClock()
  const suspicions: string[] = []
  const { sockets, factory } = fakeSockets()
  const target = {
    address: '127.0.0.1',
    port: 9092,
    host: 'localhost',
    tls: options.tls === true ? {} : undefined,
  }
  const settings = {
    clientId: 'test',
    clock,
    openSocket: factory,
    maxResponseBytes: options.maxResponseBytes ?? 1 << 20,
    requestTimeoutMs: 30_000,
    onSuspect: (reason: string) => void suspicions.push(reason),
    maxInFlightRequestsPerConnection: options.maxInFlight ?? Infinity,
    requestEvents: options.events && new RequestEvents(options.events, 'test', clock, silentLogger),
  }
  const connection = new Connection(target, { broker: 'localhost:9092' }, settings)
  const socket = sockets[0] as FakeSocket
  if (options.open !== false) socket.open()
  const send = (call: Partial<CallOptions> = {}) =>
    connection.send(heartbeatApi, version, body, { timeoutMs: 1000, ...call })
  return { clock, connection, socket, send, suspicions }
}

/** A Heartbeat v3 response. */
function response(correlationId: number, errorCode = 0, throttleTimeMs = 0): Buffer {
  const bytes = Buffer.alloc(14)
  bytes.writeInt32BE(10, 0)
  bytes.writeInt32BE(correlationId, 4)
  bytes.writeInt32BE(throttleTimeMs, 8)
  bytes.writeInt16BE(errorCode, 12)
  return bytes
}

async function failure(promise: Promise<unknown>): Promise<KafkaError & { maybeWritten?: boolean }> {
  return await promise.then(
    () => Promise.reject(new Error('It did not fail')),
    (error: KafkaError) => error,
  )
}

const idOf = (frame: Buffer | undefined) => frame?.readInt32BE(4)

test('L4: gives each caller its own answer, in whatever pieces the answers arrive', async () => {
  for (const chunkBytes of [1, 5, Infinity]) {
    const { socket, send } = setUp()
    const calls = [send(), send(), send()]
    socket.deliver(Buffer.concat([response(0, 10), response(1, 11), response(2, 12)]), chunkBytes)
    expect((await Promise.all(calls)).map((answer) => answer.errorCode)).toEqual([10, 11, 12])
  }
})

test('writes requests in the order of the calls, with the client id and distinct correlation ids', () => {
  const { socket, send } = setUp()
  void send()
  void send()
  expect(socket.frames.map(idOf)).toEqual([0, 1])
  expect(socket.frames[0]?.toString('latin1')).toContain('test')
})

test('L4: a wrong correlation id ends the connection and fails what is in flight', async () => {
  const { connection, socket, send } = setUp()
  const calls = [send(), send()]
  socket.deliver(response(1))
  for (const call of calls) {
    const error = await failure(call)
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toMatch(/correlation id 1 where 0 was expected/)
    expect(error.maybeWritten).toBe(true)
  }
  expect(connection.isOpen).toBe(false)
  expect(socket.destroyed).toBe(true)
})

test('a response nobody asked for ends the connection', () => {
  const { connection, socket } = setUp()
  socket.deliver(response(7))
  expect(connection.reason?.message).toMatch(/where none was expected/)
})

test('L5: knows which requests were never written when the connection dies', async () => {
  const { socket, send } = setUp()
  socket.autoFlush = false
  const written = send()
  const queued = send()
  socket.end(systemError('ECONNRESET'))
  expect(await failure(written)).toMatchObject({ maybeWritten: true, retriable: true })
  expect(await failure(queued)).toMatchObject({ maybeWritten: false, retriable: true })
})

test('what waits for the socket goes out in one write once it is flushed', () => {
  const { socket, send } = setUp()
  socket.autoFlush = false
  void send()
  void send().catch(() => {})
  void send().catch(() => {})
  expect(socket.writes.length).toBe(1)
  socket.flush()
  expect(socket.writes.length).toBe(2)
  expect(socket.frames.map(idOf)).toEqual([0, 1, 2])
})

test('requests sent before the socket is open leave when it is', () => {
  const { socket, send } = setUp({ open: false })
  void send()
  expect(socket.writes.length).toBe(0)
  socket.open()
  expect(socket.frames.map(idOf)).toEqual([0])
})

test('a timeout fails the late request, ends the connection, and fails the others as disconnected', async () => {
  const { clock, connection, send } = setUp()
  const late = send({ timeoutMs: 100 })
  const other = send()
  const [lateError, otherError] = [failure(late), failure(other)]
  await clock.advance(100)
  expect(await lateError).toBeInstanceOf(TimeoutError)
  expect(await lateError).toMatchObject({ code: 'REQUEST_TIMEOUT', maybeWritten: true })
  expect(await otherError).toBeInstanceOf(ConnectionError)
  expect(await otherError).toMatchObject({ code: 'DISCONNECTED', maybeWritten: true })
  expect(connection.isOpen).toBe(false)
})

test('L4: an answer after its timeout disturbs nothing', async () => {
  const { clock, socket, send } = setUp()
  const late = failure(send({ timeoutMs: 100 }))
  await clock.advance(150)
  await late
  socket.listener.readBuffer()
  expect(() => socket.listener.onRead(14)).not.toThrow()
})

test('a caller that gives up leaves the connection and the order of answers intact', async () => {
  const { clock, connection, socket, send } = setUp()
  const impatient = failure(send({ patienceMs: 50 }))
  const other = send()
  await clock.advance(50)
  expect(await impatient).toMatchObject({ code: 'REQUEST_TIMEOUT', maybeWritten: true })
  expect(connection.isOpen).toBe(true)
  socket.deliver(Buffer.concat([response(0, 1), response(1, 2)]))
  expect((await other).errorCode).toBe(2)
})

test('an abort takes back what was not written, and abandons what was', async () => {
  const { socket, send } = setUp()
  socket.autoFlush = false
  const written = new AbortController()
  const queued = new AbortController()
  const first = failure(send({ signal: written.signal }))
  const second = failure(send({ signal: queued.signal }))
  const third = send()
  written.abort()
  queued.abort()
  expect(await first).toMatchObject({ code: 'ABORTED' })
  expect(await second).toMatchObject({ code: 'ABORTED' })
  socket.flush()
  expect(socket.frames.map(idOf)).toEqual([0, 2])
  socket.deliver(Buffer.concat([response(0, 1), response(2, 3)]))
  expect((await third).errorCode).toBe(3)
})

test('a signal that has fired already sends nothing', async () => {
  const { socket, send } = setUp()
  expect(await failure(send({ signal: AbortSignal.abort() }))).toMatchObject({ code: 'ABORTED' })
  expect(socket.writes.length).toBe(0)
})

test('L6: honours a throttle time by sending nothing until it has passed, while answers still arrive', async () => {
  const { clock, socket, send } = setUp()
  const first = send()
  const second = send()
  socket.deliver(response(0, 0, 400))
  await first
  void send()
  await clock.advance(399)
  expect(socket.frames.length).toBe(2)
  socket.deliver(response(1, 5))
  expect((await second).errorCode).toBe(5)
  await clock.advance(2)
  expect(socket.frames.length).toBe(3)
})

test('L6: a frame above the limit ends the connection with an error that says what to raise', async () => {
  const { socket, send } = setUp({ maxResponseBytes: 2048 })
  const call = failure(send())
  socket.deliver(Buffer.from([0, 0, 16, 0]))
  expect((await call).message).toMatch(/4096 bytes is larger than maxResponseBytes \(2048\)/)
})

test('L23: no timer is pending while nothing waits', async () => {
  const { clock, socket, send } = setUp()
  expect(clock.pendingTimers).toBe(0)
  const call = send()
  expect(clock.pendingTimers).toBe(1)
  socket.deliver(response(0))
  await call
  expect(clock.pendingTimers).toBe(0)
})

test('L20: a broker that is silent is reported long before the request times out, but not for waits of its own', async () => {
  const { clock, send, suspicions } = setUp()
  void send({ timeoutMs: 60_000 }).catch(() => {})
  await clock.advance(31_000)
  expect(suspicions).toEqual([])
  const frozen = setUp()
  void frozen.send({ timeoutMs: 30_000 }).catch(() => {})
  await frozen.clock.advance(5000)
  expect(frozen.suspicions).toEqual([
    'broker localhost:9092 has not answered for 2000 ms',
    'broker localhost:9092 has not answered for 4000 ms',
  ])
})

test('a request without response resolves once flushed and expects no answer', async () => {
  const { clock, connection, socket, send } = setUp()
  socket.autoFlush = false
  const request = { transactionalId: null, acks: 0, timeoutMs: 1, topicData: [] }
  const call = connection.send(produceApi, 9, request, { timeoutMs: 1000, noResponse: true })
  let settled = false
  void call.then(() => (settled = true))
  await settle()
  expect(settled).toBe(false)
  socket.autoFlush = true
  socket.flush()
  expect(await call).toBeUndefined()
  const next = send()
  socket.deliver(response(1, 9))
  expect((await next).errorCode).toBe(9)
  expect(clock.pendingTimers).toBe(0)
})

test('a request without response fails when the socket dies before the flush', async () => {
  const { connection, socket } = setUp()
  socket.autoFlush = false
  const request = { transactionalId: null, acks: 0, timeoutMs: 1, topicData: [] }
  const call = failure(connection.send(produceApi, 9, request, { timeoutMs: 1000, noResponse: true }))
  socket.end()
  expect(await call).toMatchObject({ maybeWritten: true })
})

test('a response that can not be read fails its own call only', async () => {
  const { connection, socket, send } = setUp()
  const calls = [send(), send()] as const
  const short = Buffer.from([0, 0, 0, 5, 0, 0, 0, 0, 1])
  const broken = failure(calls[0])
  socket.deliver(Buffer.concat([short, response(1, 4)]))
  expect(await broken).toBeInstanceOf(DecodeError)
  expect((await calls[1]).errorCode).toBe(4)
  expect(connection.isOpen).toBe(true)
})

test('a request that can not be encoded fails alone and writes nothing', async () => {
  const { connection, socket } = setUp()
  const wrong = connection.send(
    heartbeatApi,
    version,
    { ...body, groupId: 'g'.repeat(40_000) },
    { timeoutMs: 1000 },
  )
  expect(await failure(wrong)).toBeInstanceOf(KafkaError)
  expect(socket.writes.length).toBe(0)
})

test('while held only urgent requests leave, and the others follow on release', () => {
  const { connection, socket, send } = setUp()
  connection.hold()
  void send()
  void send({ urgent: true })
  expect(socket.frames.map(idOf)).toEqual([1])
  connection.release()
  expect(socket.frames.map(idOf)).toEqual([1, 0])
})

test('a caller that sends again when its request fails is not failed with the old ones', async () => {
  const { connection, send } = setUp()
  const retried = send().catch(() => send())
  connection.close(new ConnectionError('DISCONNECTED', 'gone'))
  expect(await failure(retried)).toMatchObject({ maybeWritten: false })
})

describe('a peer that is not a Kafka broker, or not on this kind of listener', () => {
  test.each([
    [
      'a TLS alert',
      Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x16]),
      'TLS_REQUIRED',
      /set the option tls/,
    ],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'NOT_KAFKA', /HTTP server.*check the port/],
    ['SSH', Buffer.from('SSH-2.0-OpenSSH\r\n'), 'NOT_KAFKA', /SSH server/],
  ])('is told by %s, and not tried again', async (_, bytes, code, text) => {
    const { socket, send } = setUp()
    const call = failure(send())
    socket.deliver(bytes)
    expect(await call).toMatchObject({ code, retriable: false })
    expect((await call).message).toMatch(text)
  })

  test('is told by a TLS alert also when large responses are allowed', async () => {
    const { socket, send } = setUp({ maxResponseBytes: 0x7fffffff })
    const call = failure(send())
    socket.deliver(Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02]))
    socket.end()
    expect(await call).toMatchObject({ code: 'TLS_REQUIRED', retriable: false })
  })

  test('that closes before it answers gives a hint, and may be tried again', async () => {
    const { socket, send } = setUp()
    const call = failure(send())
    socket.end()
    expect(await call).toMatchObject({ code: 'DISCONNECTED', retriable: true })
    expect((await call).message).toMatch(/does the listener expect TLS/)
  })

  test('that closes at the first request after ApiVersions gives a hint of SASL', async () => {
    const { connection, socket, send } = setUp()
    const versions = send()
    socket.deliver(response(0))
    await versions
    connection.markVersionsKnown()
    const call = failure(send())
    socket.end()
    expect((await call).message).toMatch(/does the listener expect SASL/)
  })

  test.each([
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'NOT_TLS', ConnectionError],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS_CERTIFICATE_REFUSED', AuthenticationError],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_CERTIFICATE_REFUSED', AuthenticationError],
    ['CERT_HAS_EXPIRED', 'TLS_CERTIFICATE_REFUSED', AuthenticationError],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'TLS_HANDSHAKE_REFUSED', AuthenticationError],
  ])('is told by the TLS failure %s', async (systemCode, code, type) => {
    const { connection, socket } = setUp({ tls: true, open: false })
    socket.end(systemError(systemCode))
    const error = await failure(connection.opened)
    expect(error).toBeInstanceOf(type)
    expect(error).toMatchObject({ code, retriable: false })
  })

  test('that cuts the TLS handshake off is taken for a plaintext listener', async () => {
    const { connection, socket } = setUp({ tls: true, open: false })
    socket.end(systemError('ECONNRESET'))
    const error = await failure(connection.opened)
    expect(error.message).toMatch(/plaintext listener, leave out tls/)
  })

  test('that refuses the connection is told by the words of the system', async () => {
    const { connection, socket } = setUp({ tls: true, open: false })
    socket.end(systemError('ECONNREFUSED'))
    expect((await failure(connection.opened)).message).toMatch(/connection refused/)
  })
})

describe('requests as events', () => {
  const collect = () => {
    const answered: RequestAnsweredEvent[] = []
    const timedOut: RequestTimedOutEvent[] = []
    const queueSizes: number[] = []
    const events: RequestListeners = {
      requestAnswered: (event) => void answered.push(event),
      requestTimedOut: (event) => void timedOut.push(event),
      requestQueue: ({ queueSize }) => void queueSizes.push(queueSize),
    }
    return { answered, timedOut, queueSizes, events }
  }

  test('an answer says which request it was, when it was made and sent, and how long and large the answer was', async () => {
    const { answered, queueSizes, timedOut, events } = collect()
    const { clock, socket, send } = setUp({ events, open: false })
    const call = send()
    await clock.advance(5)
    socket.open()
    await clock.advance(20)
    socket.deliver(response(0))
    await call
    expect(answered).toEqual([
      {
        api: 'Heartbeat',
        apiKey: 12,
        apiVersion: version,
        broker: 'localhost:9092',
        nodeId: undefined,
        clientId: 'test',
        correlationId: 0,
        createdAt: 1_700_000_000_000,
        sentAt: 1_700_000_000_005,
        latencyMs: 20,
        byteLength: 10,
      },
    ])
    expect([queueSizes, timedOut]).toEqual([[1, 0], []])
  })

  test('a request without an answer in its time is told of once, and its connection with it', async () => {
    const { answered, timedOut, events } = collect()
    const { clock, send } = setUp({ events })
    const call = failure(send())
    await clock.advance(1001)
    expect(await call).toMatchObject({ code: 'REQUEST_TIMEOUT' })
    expect(timedOut).toMatchObject([{ api: 'Heartbeat', correlationId: 0, sentAt: 1_700_000_000_000 }])
    expect(answered).toEqual([])
  })

  test('the answer that comes after its caller gave up is not told of', async () => {
    const { answered, timedOut, events } = collect()
    const { clock, socket, send } = setUp({ events })
    const call = failure(send({ patienceMs: 10 }))
    await clock.advance(11)
    await call
    socket.deliver(response(0))
    expect([timedOut.length, answered.length]).toEqual([1, 0])
  })

  test('a request that never left has no time of sending', async () => {
    const { timedOut, events } = collect()
    const { clock, send } = setUp({ events, open: false })
    const call = failure(send())
    await clock.advance(1001)
    await call
    expect(timedOut).toMatchObject([{ sentAt: null }])
  })

  test('a request without a response is answered once it is flushed', async () => {
    const { answered, events } = collect()
    const { send } = setUp({ events })
    await send({ noResponse: true })
    expect(answered).toMatchObject([{ byteLength: 0, latencyMs: 0 }])
  })

  test('a listener that throws harms no request', async () => {
    const { socket, send } = setUp({
      events: {
        requestAnswered: () => {
          throw new Error('mistake')
        },
      },
    })
    const call = send()
    socket.deliver(response(0))
    expect((await call).errorCode).toBe(0)
  })
})

test('sends no more than maxInFlightRequestsPerConnection before answers come, and tells how many wait', async () => {
  const queueSizes: number[] = []
  const { socket, send } = setUp({
    maxInFlight: 2,
    events: { requestQueue: ({ queueSize }) => void queueSizes.push(queueSize) },
  })
  const calls = [send(), send(), send(), send()]
  expect(socket.frames.map(idOf)).toEqual([0, 1])
  socket.deliver(response(0))
  expect(socket.frames.map(idOf)).toEqual([0, 1, 2])
  socket.deliver(Buffer.concat([response(1), response(2), response(3)]))
  await Promise.all(calls)
  expect(queueSizes).toEqual([1, 2, 1, 0])
})

test('L5: what waits behind the limit of requests in flight is known to be unwritten when the connection ends', async () => {
  const { socket, send } = setUp({ maxInFlight: 1 })
  const calls = [failure(send()), failure(send())]
  socket.end()
  expect((await Promise.all(calls)).map(({ maybeWritten }) => maybeWritten)).toEqual([true, false])
})
