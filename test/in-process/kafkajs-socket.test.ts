// Guards how KafkaJS's config reaches brokers: sockets of the program's own, TLS as KafkaJS takes it, time limits, and
// what is told when there is no way.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { silentLogger } from '../../src/base/logger'
import { Kafka } from '../../src/kafkajs/kafka'
import type { KafkaJSError } from '../../src/kafkajs/errors/kafkajs-error'
import type { ISocketFactory, ISocketFactoryArgs, KafkaConfig } from '../../src/kafkajs/types/config'
import type { RequestEvent } from '../../src/kafkajs/types/events'
import { createCluster, type TestCluster, type TestClusterOptions } from '../../src/testing'
import { createCertificateAuthority } from '../kafka/support/certificates'
import { rejectionOf } from '../support/rejection'
import { until } from './support/case-runner'

let cluster: TestCluster
const ends: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(options: TestClusterOptions = {}): Promise<void> {
  cluster = await createCluster({ brokers: 1, logger: silentLogger, topics: [{ name: 't' }], ...options })
  ends.push(() => cluster.close())
}

function kafkaOf(config: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    brokers: cluster.bootstrap,
    logCreator: () => () => {},
    retry: { initialRetryTime: 5, maxRetryTime: 10, retries: 0 },
    ...config,
  })
}

async function topicsBy(config: Partial<KafkaConfig>): Promise<string[]> {
  const admin = kafkaOf(config).admin()
  ends.push(() => admin.disconnect())
  return await admin.listTopics()
}

const failure = async (config: Partial<KafkaConfig>) => {
  const error = (await rejectionOf(topicsBy(config))) as KafkaJSError
  return error.name === 'KafkaJSNumberOfRetriesExceeded' ? (error.cause as KafkaJSError) : error
}

/** Something that listens and never says a word. */
async function silentServer(): Promise<string> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => void sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as { port: number }
  return `127.0.0.1:${port}`
}

function securedBroker() {
  const authority = createCertificateAuthority()
  const { key, certificate: cert } = authority.issue({ commonName: 'broker', hosts: ['127.0.0.1'] })
  return { ca: authority.certificate, tls: { key, cert } }
}

describe('9.6 socketFactory', () => {
  test('9.6: gets host, port, ssl and onConnect, and its socket is used for all', async () => {
    await start()
    const calls: ISocketFactoryArgs[] = []
    const sockets: Socket[] = []
    const socketFactory: ISocketFactory = (args) => {
      calls.push(args)
      const socket = connect({ host: args.host, port: args.port }, args.onConnect)
      sockets.push(socket)
      return socket
    }
    const producer = kafkaOf({ socketFactory }).producer()
    ends.push(() => producer.disconnect())
    await producer.connect()
    await producer.send({ topic: 't', messages: [{ value: Buffer.alloc(300_000, 'x') }] })
    const [host, port] = (cluster.bootstrap[0] as string).split(':')
    expect(Object.keys(calls[0] as object).sort()).toEqual(['host', 'onConnect', 'port', 'ssl'])
    expect(calls[0]).toMatchObject({ host, port: Number(port), ssl: null })
    expect(typeof calls[0]?.onConnect).toBe('function')
    expect(cluster.records('t')).toHaveLength(1)
    await producer.disconnect()
    await until(() => sockets.every(({ destroyed }) => destroyed), 'the end of all sockets')
  })

  test('9.6: with TLS it gets ssl as the config has it, and calls onConnect after the handshake', async () => {
    const { ca, tls } = securedBroker()
    await start({ tls })
    const ssl = { ca: [ca] }
    const seen: unknown[] = []
    const socketFactory: ISocketFactory = (args) => {
      seen.push(args.ssl)
      return connectTls({ host: args.host, port: args.port, ...args.ssl }, args.onConnect)
    }
    expect(await topicsBy({ ssl, socketFactory })).toEqual(['t'])
    expect(seen[0]).toBe(ssl)
  })

  test('9.6: one that connects at once, before it returns, is waited for no longer', async () => {
    await start()
    const [host, port] = (cluster.bootstrap[0] as string).split(':')
    const open: Socket[] = []
    for (let i = 0; i < 4; i++) {
      const socket = connect({ host, port: Number(port) })
      await new Promise((resolve) => socket.once('connect', resolve))
      open.push(socket)
    }
    ends.push(async () => open.forEach((socket) => socket.destroy()))
    const socketFactory: ISocketFactory = ({ onConnect }) => {
      onConnect()
      return open.pop() as Socket
    }
    expect(await topicsBy({ socketFactory })).toEqual(['t'])
  })

  test('9.6: one that throws', async () => {
    await start()
    const error = await failure({
      socketFactory: () => {
        throw new Error('no way')
      },
    })
    expect(error).toMatchObject({
      name: 'KafkaJSConnectionError',
      message: 'Failed to connect: no way',
      broker: cluster.bootstrap[0],
    })
  })

  test('9.6, 2: one that never connects is given up after connectionTimeout', async () => {
    await start()
    const sockets: Socket[] = []
    const error = await failure({
      connectionTimeout: 50,
      socketFactory: ({ host, port }) => {
        const socket = connect({ host, port })
        sockets.push(socket)
        return socket
      },
    })
    expect(error).toMatchObject({ name: 'KafkaJSConnectionError', message: 'Connection timeout' })
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true)
  })
})

describe('2 ssl', () => {
  test('2: an object of options; one that knows no certificate authority is refused with what TLS said', async () => {
    const { ca, tls } = securedBroker()
    await start({ tls })
    expect(await topicsBy({ ssl: { ca: [ca] } })).toEqual(['t'])
    expect(await topicsBy({ ssl: { rejectUnauthorized: false } })).toEqual(['t'])
    expect(
      await topicsBy({ ssl: { ca: [ca], minVersion: 'TLSv1', secureOptions: 0, ecdhCurve: 'auto' } }),
    ).toEqual(['t'])
    for (const ssl of [true, {}]) {
      const error = await failure({ ssl })
      expect(error).toMatchObject({ name: 'KafkaJSConnectionError', broker: cluster.bootstrap[0] })
      expect(error.message).toMatch(/^Connection error: .*certificate/)
    }
  })

  test('2: servername is the host unless it is an address, and what the config says comes first', async () => {
    const { ca, tls } = securedBroker()
    await start({ tls })
    const error = await failure({ ssl: { ca, servername: 'elsewhere.example' } })
    expect(error.message).toContain('elsewhere.example')
  })

  test.each([undefined, null, false])('2: %s is no TLS', async (ssl) => {
    await start()
    expect(await topicsBy({ ssl: ssl as never })).toEqual(['t'])
  })
})

describe('2 time limits', () => {
  test('2 connectionTimeout: a broker that accepts and says nothing', async () => {
    await start()
    const error = await failure({
      brokers: [await silentServer()],
      connectionTimeout: 60,
      requestTimeout: 80,
    })
    expect(error).toMatchObject({ name: expect.stringMatching(/^KafkaJS/) as string })
    expect(error.message).toMatch(/timed out|Connection timeout/)
  })

  test('2 requestTimeout: the call says which request it was', async () => {
    await start()
    cluster.on('ListGroups', (_, exchange) => exchange.drop())
    const admin = kafkaOf({ requestTimeout: 60 }).admin()
    ends.push(() => admin.disconnect())
    await admin.connect()
    const error = (await rejectionOf(admin.listGroups())) as KafkaJSError
    expect(error.cause).toMatchObject({
      name: 'KafkaJSRequestTimeoutError',
      message: expect.stringMatching(/^Request ListGroups\(key: 16, version: \d\) timed out$/) as string,
      broker: cluster.bootstrap[0],
    })
  })

  test('2 enforceRequestTimeout false: a request waits as long as it takes', async () => {
    await start()
    cluster.on('ListGroups', (_, exchange) => exchange.delay(150))
    const admin = kafkaOf({ requestTimeout: 30, enforceRequestTimeout: false }).admin()
    ends.push(() => admin.disconnect())
    await admin.connect()
    expect(await admin.listGroups()).toEqual({ groups: [] })
  })

  test('2 authenticationTimeout: an authentication that nobody answers', async () => {
    await start({ sasl: { users: { alice: 'secret' } } })
    cluster.on('SaslAuthenticate', (_, exchange) => exchange.drop())
    const sasl = { mechanism: 'plain', username: 'alice', password: 'secret' } as const
    const startedAt = Date.now()
    const error = await failure({ sasl, authenticationTimeout: 60, connectionTimeout: 300 })
    expect(error.message).toMatch(/timed out|timeout/i)
    expect(Date.now() - startedAt).toBeLessThan(3000)
  })

  test.each([
    [400, 1000],
    // The default of 10,000 is more than a session lasts here: not before half of it, as brokers refuse.
    [undefined, 650],
  ])(
    '2 reauthenticationThreshold %s: a session is authenticated anew before its end',
    async (threshold, leastMs) => {
      await start({ sasl: { users: { alice: 'secret' } }, configs: { 'connections.max.reauth.ms': 1500 } })
      const sasl = { mechanism: 'plain', username: 'alice', password: 'secret' } as const
      const requests: RequestEvent['payload'][] = []
      const admin = kafkaOf({ sasl, reauthenticationThreshold: threshold as number }).admin()
      ends.push(() => admin.disconnect())
      admin.on(admin.events.REQUEST, ({ payload }) => requests.push(payload))
      await admin.connect()
      const count = () => requests.filter(({ apiName }) => apiName === 'SaslAuthenticate').length
      const before = count()
      const startedAt = Date.now()
      while (count() === before && Date.now() - startedAt < 3000) {
        await admin.listTopics()
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      const afterMs = Date.now() - startedAt
      expect(afterMs).toBeGreaterThan(leastMs)
      expect(afterMs).toBeLessThan(1500)
    },
  )
})

describe('2 brokers', () => {
  test('2: a function is asked, also one that waits', async () => {
    await start()
    let calls = 0
    const brokers = async () => {
      calls++
      return cluster.bootstrap as string[]
    }
    expect(await topicsBy({ brokers })).toEqual(['t'])
    expect(calls).toBeGreaterThan(0)
  })

  test.each([
    ['null', null, 'Failed to connect: brokers should not be null'],
    ['an empty list', [], 'Failed to connect: brokers array is empty'],
    ['a number in it', [4], 'Failed to connect: broker at index 0 is invalid "number"'],
    ['an empty text in it', ['a:1', ''], 'Failed to connect: broker at index 1 is invalid "string"'],
    ['a function that gives null', () => null, 'Failed to connect: brokers should not be null'],
    ['a function that gives none', async () => [], 'Failed to connect: brokers array is empty'],
  ])('2: %s', async (_, brokers, message) => {
    await start()
    expect(await failure({ brokers: brokers as never })).toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message,
    })
  })

  test('2: a function that throws', async () => {
    await start()
    const error = await failure({
      brokers: () => {
        throw new Error('no list')
      },
    })
    expect(error).toMatchObject({
      name: 'KafkaJSConnectionError',
      message: 'Failed to connect: "config.brokers" threw: no list',
    })
  })

  test('2: a function is asked again when the cluster is elsewhere', async () => {
    await start()
    const old = cluster
    await start({ topics: [{ name: 't' }, { name: 'new' }] })
    let current = old
    const admin = kafkaOf({
      brokers: () => current.bootstrap as string[],
      requestTimeout: 1000,
      retry: { retries: 5, initialRetryTime: 5, maxRetryTime: 100 },
    }).admin()
    ends.push(() => admin.disconnect())
    expect(await admin.listTopics()).toEqual(['t'])
    current = cluster
    await old.close()
    expect((await admin.listTopics()).sort()).toEqual(['new', 't'])
  })

  test('2: one that refuses', async () => {
    await start()
    const error = await failure({ brokers: ['127.0.0.1:1'] })
    expect(error).toMatchObject({
      name: 'KafkaJSConnectionError',
      broker: '127.0.0.1:1',
      code: 'ECONNREFUSED',
    })
    expect(error.message).toMatch(/^Connection error: connect ECONNREFUSED/)
  })

  test('2: one that is reached beside one that is not', async () => {
    await start()
    expect(
      await topicsBy({
        brokers: ['127.0.0.1:1', ...cluster.bootstrap],
        retry: { retries: 5, initialRetryTime: 5 },
      }),
    ).toEqual(['t'])
  })
})

test('2 clientId: kafkajs unless the config says otherwise', async () => {
  await start()
  await topicsBy({})
  await topicsBy({ clientId: 'mine' })
  expect(cluster.requests.filter({ api: 'Metadata', clientId: 'kafkajs' }).length).toBeGreaterThan(0)
  expect(cluster.requests.filter({ api: 'Metadata', clientId: 'mine' }).length).toBeGreaterThan(0)
})
