// Guards against bytes from anywhere that take the broker down, fill its memory, or disturb those who behave.
import { connect, type Socket } from 'node:net'
import { mutate } from '../../../golden/messages/mutation'
import { randomIntegers } from '../../../support/random-integers'
import { handler, type ApiHandler } from '../../../../src/testing/contracts/api-handler'
import { silentLogger } from '../../../../src/base/logger'
import { TcpListener } from '../../../../src/testing/transport/tcp-listener'
import { brokerApis as brokerHalves } from '../../../../src/wire/generated/broker/all-apis'
import { brokerApis, type BrokerRequest } from '../../../../src/wire/generated/broker/apis-by-name'
import { errorResponses } from '../../../../src/testing/faults/errors/error-responses'
import type { ErrorResponse } from '../../../../src/testing/faults/errors/error-response'
import { heartbeatApi } from '../../../../src/wire/generated/client/heartbeat'
import { RawClient, requestFrame } from '../support/raw-client'
import { sampleFrames } from '../support/sample-requests'
import { createServer } from '../support/server-fixture'

type AnyName = keyof typeof brokerApis

/** Answers to every request of every API that its codecs can read. */
const handlers: readonly ApiHandler[] = Object.keys(brokerApis).map((name) => {
  const respond = errorResponses[name as AnyName] as ErrorResponse<AnyName>
  const api = brokerApis[name as 'Heartbeat']
  return handler(api, (request, { apiVersion }) => {
    const response = respond(request as BrokerRequest<AnyName>, 41, apiVersion)
    return response as { errorCode: number }
  })
})

const beat = requestFrame(heartbeatApi, 4, { groupId: 'g', generationId: 1, memberId: 'm' })

function isAnswered(client: RawClient): boolean {
  client.send(beat)
  return client.frames().length === 1
}

function framed(body: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

function header(key: number, version: number, rest = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeInt16BE(key)
  bytes.writeInt16BE(version, 2)
  return framed(Buffer.concat([bytes, rest]))
}

const brokenFrames: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a size of zero', framed(Buffer.alloc(0))],
  ['a negative size', Buffer.from('ffffffff', 'hex')],
  ['the most negative size', Buffer.from('80000000', 'hex')],
  ['a size above the limit', Buffer.from('7fffffff00000000', 'hex')],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
  ['a key alone', framed(Buffer.from('0012', 'hex'))],
  ['a header cut off', framed(Buffer.from('00120003000000', 'hex'))],
  ['an unknown key', header(9999, 0)],
  ['a negative key', header(-1, 0)],
  ['a key of controllers', header(56, 0)],
  ['a negative version', header(12, -1)],
  ['a version of the future', header(12, 99)],
  ['no client id', header(12, 0)],
  ['a client id longer than the frame', header(12, 0, Buffer.from('7fff61', 'hex'))],
  ['a client id of negative length', header(12, 0, Buffer.from('fff061', 'hex'))],
  ['no body', header(12, 0, Buffer.from('ffff', 'hex'))],
  ['tags without end', header(12, 4, Buffer.from('ffffffffffffffff', 'hex'))],
]

describe('a broker that is sent', () => {
  it.each(brokenFrames)('%s closes that connection and goes on with others', (_, bytes) => {
    const server = createServer(handlers)
    const [good, bad] = [new RawClient(server), new RawClient(server)]
    bad.send(bytes)
    expect(bad.isClosed).toBe(true)
    expect(bad.frames()).toEqual([])
    expect(isAnswered(good)).toBe(true)
    expect(server.connectionCount).toBe(1)
    expect(server.failures).toEqual([])
  })

  it('every request that Java writes, answers each of them', () => {
    const server = createServer(handlers)
    const frames = sampleFrames()
    expect(frames.length).toBeGreaterThan(600)
    const unanswered: number[] = []
    for (const frame of frames) {
      // One each: a refused authentication closes after its answer.
      const client = new RawClient(server)
      client.send(frame)
      if (client.frames().length !== 1) unanswered.push(frame.readInt16BE(4))
    }
    expect(
      server.failures.map(({ api, apiVersion, error }) => `${api} v${apiVersion} ${String(error)}`),
    ).toEqual([])
    expect(unanswered).toEqual([])
    expect(new Set(frames.map((frame) => frame.readInt16BE(4))).size).toBe(brokerHalves.length)
  })

  it('10,000 damaged requests of all APIs never fails itself, and goes on with others', () => {
    const random = randomIntegers(20_261_121)
    const frames = sampleFrames()
    const server = createServer(handlers)
    const good = new RawClient(server)
    let closed = 0
    let bad = new RawClient(server)
    for (let i = 0; i < 10_000; i++) {
      const body = (frames[random(frames.length)] as Buffer).subarray(4)
      const damaged = random(5) === 0 ? randomBytes(random, random(400)) : mutate(body, random)
      bad.send(framed(damaged))
      if (bad.isClosed) {
        closed++
        bad = new RawClient(server)
      }
      if (i % 100 === 0) expect(isAnswered(good)).toBe(true)
    }
    expect(server.failures).toEqual([])
    expect(closed).toBeGreaterThan(1000)
    expect(server.connectionCount).toBeLessThanOrEqual(2)
  })

  it('bytes without any frame, in any portions, ends the connections and keeps no memory', async () => {
    const random = randomIntegers(7)
    const server = createServer(handlers)
    const listener = await TcpListener.open({ host: '127.0.0.1', port: 0, logger: silentLogger }, (stream) =>
      server.accept(stream),
    )
    try {
      const before = process.memoryUsage()
      for (let round = 0; round < 20; round++) {
        const sockets = Array.from({ length: 20 }, () => connect(listener.port, '127.0.0.1'))
        await Promise.all(sockets.map((socket) => sendGarbage(socket, random)))
      }
      await expect(asksOverTcp(listener.port)).resolves.toBe(true)
      const after = process.memoryUsage()
      expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 1024 * 1024)
      expect(server.failures).toEqual([])
    } finally {
      await listener.stop()
    }
    expect(server.connectionCount).toBe(0)
  })

  it('a frame that claims 100 MB on each of 200 connections takes memory for what came alone', () => {
    const server = createServer(handlers)
    const before = process.memoryUsage().arrayBuffers
    const start = Buffer.alloc(1000)
    start.writeInt32BE(100_000_000)
    for (let i = 0; i < 200; i++) new RawClient(server).send(Buffer.from(start))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024)
    expect(server.connectionCount).toBe(200)
  })

  it('more than it is allowed to by socket.request.max.bytes closes before it comes', () => {
    const server = createServer(handlers, { configs: { 'socket.request.max.bytes': 100 } })
    const client = new RawClient(server)
    expect(isAnswered(client)).toBe(true)
    client.send(Buffer.from('00000065', 'hex'))
    expect(client.isClosed).toBe(true)
  })

  it('nothing more after a broken frame of the same chunk', () => {
    const client = new RawClient(createServer(handlers))
    client.send(Buffer.concat([beat, header(9999, 0), beat, beat]))
    expect(client.frames()).toHaveLength(1)
    expect(client.isClosed).toBe(true)
  })
})

function randomBytes(random: (limit: number) => number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)))
}

async function sendGarbage(socket: Socket, random: (limit: number) => number): Promise<void> {
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.resume()
  for (let i = 0; i < 5; i++) socket.write(randomBytes(random, 1 + random(2000)))
  socket.end()
  await closed
}

function asksOverTcp(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  socket.write(beat)
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('data', (chunk) => {
      socket.destroy()
      resolve(chunk.length > 4)
    })
  })
}
