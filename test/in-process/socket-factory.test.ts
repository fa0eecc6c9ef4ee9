// Guards the option socketFactory: any stream carries the client's bytes, with and without TLS, and its failures are told.
import { createServer, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { Kafka, type KafkaOptions, type SocketFactory, type SocketFactoryTarget } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createCluster, type TestCluster } from '../../src/testing'
import { createCertificateAuthority } from '../kafka/support/certificates'
import { rejectionOf } from '../support/rejection'

let cluster: TestCluster
const open: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function start(options: Parameters<typeof createCluster>[0] = {}): Promise<void> {
  cluster = await createCluster({ brokers: 1, logger: silentLogger, topics: [{ name: 't' }], ...options })
  open.push(() => cluster.close())
}

function kafkaOver(socketFactory: SocketFactory, options: Partial<KafkaOptions> = {}): Kafka {
  return new Kafka({ brokers: cluster.bootstrap, logger: silentLogger, socketFactory, ...options })
}

/** Sends a large message and reads it again: both ways need many chunks. */
async function roundTrip(kafka: Kafka): Promise<void> {
  const value = Buffer.alloc(700_000, 'typed')
  const producer = kafka.producer()
  const consumer = kafka.consumer({ assign: ['t'], startFrom: 'earliest', until: 'end' })
  try {
    await producer.send('t', { value })
    const lengths: number[] = []
    for await (const message of consumer) lengths.push(message.value?.length ?? -1)
    expect(lengths).toEqual([value.length])
  } finally {
    await Promise.all([producer.close(), consumer.close()])
  }
}

const tcp: SocketFactory = ({ host, port }) => connect({ host, port })

/** Another stream around a socket, which hands over odd chunks. */
function wrapped(socket: Socket): Duplex {
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    destroy: (error, done) => {
      socket.destroy()
      done(error)
    },
  })
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += 1001) stream.push(chunk.subarray(at, at + 1001))
  })
  socket.on('end', () => stream.push(null))
  socket.on('error', (error) => stream.destroy(error))
  return stream
}

const connected = ({ host, port }: SocketFactoryTarget) =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect({ host, port }, () => resolve(socket))
    socket.once('error', reject)
  })

test.each<[string, SocketFactory]>([
  ['a socket that connects', tcp],
  ['a promise of a socket', connected],
  ['any other stream', async (target) => wrapped(await connected(target))],
])('messages go through %s', async (_, factory) => {
  await start()
  await roundTrip(kafkaOver(factory))
})

test.each<[string, SocketFactory]>([
  ['a socket that connects', tcp],
  ['any other stream', async (target) => wrapped(await connected(target))],
])('TLS is spoken over %s, and the certificate checked against the name', async (_, factory) => {
  const authority = createCertificateAuthority()
  const ca = authority.certificate
  const { key, certificate: cert } = authority.issue({ commonName: 'broker', hosts: ['127.0.0.1'] })
  await start({ tls: { key, cert } })
  await roundTrip(kafkaOver(factory, { tls: { ca } }))
  const admin = kafkaOver(factory, { tls: { ca, servername: 'elsewhere.example' } }).admin()
  open.push(() => admin.close())
  expect(await rejectionOf(admin.listTopics())).toMatchObject({ code: 'TLS_CERTIFICATE_REFUSED' })
})

test('messages go through an HTTP proxy, with TLS inside of the tunnel', async () => {
  const authority = createCertificateAuthority()
  const { key, certificate: cert } = authority.issue({ commonName: 'broker', hosts: ['127.0.0.1'] })
  await start({ tls: { key, cert } })
  const tunnels: string[] = []
  const proxy = createServer().on('connect', ({ url = '' }, client: Socket) => {
    tunnels.push(url)
    const [host, port] = url.split(':')
    const server = connect({ host, port: Number(port) }, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      server.pipe(client).pipe(server)
    })
    for (const side of [client, server]) side.on('error', () => client.destroy().unref())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  open.push(() => new Promise<void>((resolve) => proxy.close(() => resolve())))
  const { port: proxyPort } = proxy.address() as AddressInfo
  const throughProxy: SocketFactory = ({ host, port, signal }) =>
    new Promise<Socket>((resolve, reject) => {
      const path = `${host}:${port}`
      const opening = request({ host: '127.0.0.1', port: proxyPort, method: 'CONNECT', path, signal })
      opening.once('connect', (_, socket: Socket) => resolve(socket))
      opening.once('error', reject)
      opening.end()
    })
  await roundTrip(kafkaOver(throughProxy, { tls: { ca: authority.certificate } }))
  expect(new Set(tunnels)).toEqual(new Set(cluster.bootstrap))
})

test('names are given as they are: DNS is not asked', async () => {
  await start()
  const [host, port] = (cluster.bootstrap[0] as string).split(':') as [string, string]
  const names: string[] = []
  const factory: SocketFactory = ({ host: name }) => {
    names.push(name)
    return connect({ host, port: Number(port) })
  }
  const admin = kafkaOver(factory, { brokers: [`inside.invalid:${port}`] }).admin()
  open.push(() => admin.close())
  expect(await admin.listTopics()).toHaveLength(1)
  expect(names[0]).toBe('inside.invalid')
})

test.each<[string, SocketFactory, string]>([
  [
    'throws',
    () => {
      throw new Error('no tunnel')
    },
    'no tunnel',
  ],
  ['rejects', async () => await Promise.reject(new Error('no tunnel')), 'no tunnel'],
  ['gives no stream', () => ({}) as never, 'The option socketFactory gave object, where a stream is needed'],
  ['gives a socket that is refused', () => connect({ host: '127.0.0.1', port: 1 }), 'connection refused'],
])('a factory that %s makes the call fail, with its reason', async (_, factory, reason) => {
  await start()
  const admin = kafkaOver(factory, { requestTimeoutMs: 300, retryBackoffMs: 5, reconnectBackoffMs: 5 }).admin(
    {
      defaultApiTimeoutMs: 300,
    },
  )
  open.push(() => admin.close())
  const error = (await rejectionOf(admin.listTopics())) as Error
  expect(error.message).toContain(reason)
})

test('a factory that takes too long is told so, and what it makes later is ended', async () => {
  await start()
  let signal: AbortSignal | undefined
  let give = (_: Duplex) => {}
  const factory: SocketFactory = (target) => {
    signal ??= target.signal
    return new Promise<Duplex>((resolve) => (give = resolve))
  }
  const admin = kafkaOver(factory, {
    requestTimeoutMs: 200,
    connectionSetupTimeoutMs: 30,
    connectionSetupTimeoutMaxMs: 30,
  }).admin({
    defaultApiTimeoutMs: 200,
  })
  expect(await rejectionOf(admin.listTopics())).toMatchObject({
    code: expect.stringContaining('TIMEOUT') as string,
  })
  expect(signal?.aborted).toBe(true)
  await admin.close()
  const late = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  give(late)
  await new Promise((resolve) => setImmediate(resolve))
  expect(late.destroyed).toBe(true)
})

test('a connection that ends is made anew by the factory', async () => {
  await start()
  let made = 0
  const kafka = kafkaOver((target) => {
    made++
    return tcp(target)
  })
  const admin = kafka.admin()
  open.push(() => admin.close())
  await admin.listTopics()
  const before = made
  cluster.cutConnections()
  await admin.listTopics()
  expect(made).toBeGreaterThan(before)
})

test('something that is no function is refused', () => {
  expect(() => new Kafka({ brokers: ['a:1'], socketFactory: 1 as never })).toThrow(
    "option 'socketFactory' is 1: a function is needed",
  )
})
