// Guards against ports that can't be opened without a word why, sockets that outlive the broker, and unknown clients.
import { connect, createServer, type AddressInfo } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { createCertificateAuthority } from '../../../kafka/support/certificates'
import { silentLogger } from '../../../../src/base/logger'
import type { ByteStream } from '../../../../src/testing/transport/byte-stream'
import { distinguishedName } from '../../../../src/testing/transport/distinguished-name'
import { TcpListener, type TcpListenerOptions } from '../../../../src/testing/transport/tcp-listener'

const host = '127.0.0.1'
const cleanUps: (() => Promise<unknown> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function listen(
  options: Partial<TcpListenerOptions> = {},
  accept: (stream: ByteStream) => void = echo,
): Promise<TcpListener> {
  const listener = await TcpListener.open({ host, port: 0, logger: silentLogger, ...options }, accept)
  cleanUps.push(() => listener.stop())
  return listener
}

function echo(stream: ByteStream): void {
  stream.onData = (chunk) => void stream.write([chunk.subarray(0, 1), chunk.subarray(1)])
}

/** Sends bytes and gives what comes back, or what the socket reports. */
function ask(port: number, text: string, tls?: ConnectionOptions): Promise<string> {
  const socket = tls === undefined ? connect(port, host) : connectTls({ host, port, ...tls })
  socket.write(text)
  return new Promise((resolve) => {
    let received = ''
    socket.on('data', (chunk) => {
      received += String(chunk)
      if (received.length === text.length) socket.destroy()
    })
    socket.on('error', (error) => (received = String((error as NodeJS.ErrnoException).code)))
    socket.once('close', () => resolve(received))
  })
}

describe('TcpListener', () => {
  it('takes connections at a port it found, and carries bytes both ways', async () => {
    const listener = await listen()
    expect(listener.port).toBeGreaterThan(0)
    await expect(ask(listener.port, 'hello')).resolves.toBe('hello')
  })

  it('says which port is in use and what to do', async () => {
    const other = createServer().listen(0, host)
    await new Promise((resolve) => other.once('listening', resolve))
    cleanUps.push(() => void other.close())
    const { port } = other.address() as AddressInfo
    await expect(listen({ port })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(new RegExp(`'port' is ${port}.*another program.*0 for any`)) as string,
    })
  })

  it('says that the machine has no such address', async () => {
    await expect(listen({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  it('ends all connections when it stops, refuses new ones, and can open the same port again', async () => {
    const streams: ByteStream[] = []
    const listener = await listen({}, (stream) => void streams.push(stream))
    const answer = ask(listener.port, 'hello')
    while (streams.length === 0) await new Promise((resolve) => setImmediate(resolve))
    let closed = 0
    for (const stream of streams) stream.onClosed = () => void closed++
    await listener.stop()
    expect(closed).toBe(1)
    expect(['', 'ECONNRESET']).toContain(await answer)
    await expect(ask(listener.port, 'hello')).resolves.toBe('ECONNREFUSED')
    const again = await listen({ port: listener.port })
    await expect(ask(again.port, 'again')).resolves.toBe('again')
  })

  it('tells the one who writes when the client does not read, and when it does again', async () => {
    let isDrained = false
    const listener = await listen({}, (stream) => {
      stream.onDrain = () => {
        isDrained = true
        stream.close()
      }
      while (stream.write([Buffer.alloc(1_000_000)]));
    })
    const socket = connect(listener.port, host)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.resume()
    await closed
    expect(isDrained).toBe(true)
  })

  it('sends what was written before it closes', async () => {
    const text = 'x'.repeat(3_000_000)
    const listener = await listen({}, (stream) => {
      stream.write([Buffer.from(text)])
      stream.close()
    })
    const socket = connect(listener.port, host)
    let length = 0
    socket.on('data', (chunk) => (length += chunk.length))
    await new Promise((resolve) => socket.once('close', resolve))
    expect(length).toBe(text.length)
  })

  it('refuses a key that is none', async () => {
    await expect(listen({ tls: { key: 'no key', cert: 'no certificate' } })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/'tls'.*PEM/) as string,
    })
  })
})

describe('TcpListener with TLS', () => {
  const authority = createCertificateAuthority()
  const broker = authority.issue({ commonName: 'broker', hosts: [host] })
  const alice = authority.issue({ commonName: 'alice' })
  const tls = { key: broker.key, cert: broker.certificate, ca: authority.certificate }
  const withoutCertificate = { ca: authority.certificate }
  const withCertificate = { ca: authority.certificate, key: alice.key, cert: alice.certificate }

  async function principals(
    clientAuth: 'none' | 'requested' | 'required',
    client: ConnectionOptions,
  ): Promise<(string | undefined)[]> {
    const seen: (string | undefined)[] = []
    const listener = await listen({ tls: { ...tls, clientAuth } }, (stream) => {
      seen.push(stream.principal?.name)
      echo(stream)
    })
    const answer = await ask(listener.port, 'hello', client)
    return answer === 'hello' ? seen : [...seen, 'refused']
  }

  it('names a client by its certificate, when it asks for one', async () => {
    await expect(principals('required', withCertificate)).resolves.toEqual(['CN=alice'])
    await expect(principals('requested', withCertificate)).resolves.toEqual(['CN=alice'])
    await expect(principals('none', withCertificate)).resolves.toEqual([undefined])
  })

  it('takes a client without a certificate, unless it requires one', async () => {
    await expect(principals('requested', withoutCertificate)).resolves.toEqual([undefined])
    await expect(principals('required', withoutCertificate)).resolves.toEqual(['refused'])
  })

  it('survives clients that speak no TLS', async () => {
    const listener = await listen({ tls })
    await ask(listener.port, 'no TLS at all, but something long enough to be looked at')
    await expect(ask(listener.port, 'hello', withoutCertificate)).resolves.toBe('hello')
  })
})

describe('a distinguished name', () => {
  it('is written as Java writes it: the last attribute first, what is special escaped', () => {
    const subject = { C: 'DE', O: 'Example, Inc.', OU: ['one', 'two'], CN: ' #a+b"' }
    expect(distinguishedName(subject)).toBe('CN=\\ #a\\+b\\",OU=two,OU=one,O=Example\\, Inc.,C=DE')
    expect(distinguishedName({ emailAddress: 'a@b' })).toBe('1.2.840.113549.1.9.1=#1603614062')
  })
})
