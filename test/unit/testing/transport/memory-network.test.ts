// Guards against a network in memory that reorders, loses or doubles bytes, or that no client's socket would know.
import { systemClock } from '../../../../src/base/clock'
import { silentLogger } from '../../../../src/base/logger'
import type { SocketOpener } from '../../../../src/network/broker-socket'
import type { HostResolver } from '../../../../src/network/resolve-host'
import type { ByteStream } from '../../../../src/testing/transport/byte-stream'
import { MemoryNetwork, type MemoryNetworkOptions } from '../../../../src/testing/transport/memory-network'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import { VirtualClock } from '../../../../src/testing/simulation/virtual-clock'
import { FakeClock, settle } from '../../support/fake-clock'

interface Client {
  readonly socket: ReturnType<SocketOpener>
  opened: boolean
  closed: boolean
  error: Error | undefined
  received: Buffer
  flushed: number
}

function connect(network: MemoryNetwork, port = 9092, name?: string): Client {
  // The assignments are the check: the shapes must be the client's.
  const openSocket: SocketOpener = network.connector(name).openSocket
  const space = Buffer.alloc(7)
  const client = { opened: false, closed: false, error: undefined, received: Buffer.alloc(0), flushed: 0 }
  const socket = openSocket(
    { address: 'broker', port, host: 'broker', tls: undefined },
    {
      onOpen: () => void (result.opened = true),
      readBuffer: () => space,
      onRead: (length) =>
        void (result.received = Buffer.concat([result.received, space.subarray(0, length)])),
      onClosed: (error) => {
        expect(result.closed).toBe(false)
        result.closed = true
        result.error = error
      },
    },
  )
  const result: Client = { socket, ...client }
  return result
}

function start(options?: MemoryNetworkOptions): {
  clock: FakeClock
  network: MemoryNetwork
  streams: ByteStream[]
  received: () => string
  listener: { close(): void }
} {
  const clock = new FakeClock()
  const network = new MemoryNetwork({ clock, logger: silentLogger, random: () => 0.5 }, options)
  const streams: ByteStream[] = []
  const chunks: Buffer[] = []
  const listener = network.listen(1, 'broker', 9092, (stream) => {
    streams.push(stream)
    stream.onData = (chunk) => void chunks.push(chunk)
  })
  return { clock, network, streams, received: () => Buffer.concat(chunks).toString(), listener }
}

function write(client: Client, text: string): void {
  client.socket.write([Buffer.from(text)], () => void client.flushed++)
}

describe('MemoryNetwork', () => {
  it('resolves a host to itself, in the shape the client asks for', async () => {
    const resolveHost: HostResolver = start().network.connector().resolveHost
    await expect(resolveHost('broker')).resolves.toEqual(['broker'])
  })

  it('carries bytes both ways in their order, and copies what the client may write over', async () => {
    const { clock, network, streams, received } = start()
    const client = connect(network)
    await clock.advance(0)
    expect(client.opened).toBe(true)
    const bytes = Buffer.from('hello ')
    client.socket.write([bytes, Buffer.from('you')], () => void client.flushed++)
    bytes.fill(0)
    write(client, ' there')
    expect(client.flushed).toBe(0)
    await clock.advance(0)
    expect(received()).toBe('hello you there')
    expect(client.flushed).toBe(2)
    streams[0]?.write([Buffer.from('a long answer, '), Buffer.from('and more')])
    expect(client.received).toHaveLength(0)
    await clock.advance(0)
    expect(client.received.toString()).toBe('a long answer, and more')
  })

  it('works by the turns of the event loop with the clock of the system', async () => {
    const network = new MemoryNetwork({ clock: systemClock, logger: silentLogger, random: Math.random })
    network.listen(1, 'broker', 9092, (stream) => {
      stream.onData = (chunk) => void stream.write([chunk])
    })
    const client = connect(network)
    await settle()
    write(client, 'echo')
    await settle()
    expect(client.received.toString()).toBe('echo')
  })

  it('takes the latency each way, and lets nothing overtake when it shrinks', async () => {
    const { clock, network, received } = start({ latencyMs: 10 })
    const client = connect(network)
    await clock.advance(19)
    expect(client.opened).toBe(false)
    await clock.advance(1)
    expect(client.opened).toBe(true)
    write(client, 'slow')
    network.setLatency(1)
    write(client, ' fast')
    await clock.advance(9)
    expect(received()).toBe('')
    await clock.advance(1)
    expect(received()).toBe('slow fast')
  })

  it('does the same at the same times for the same seed, and something else for another one', async () => {
    const run = async (seed: number): Promise<string[]> => {
      const clock = new VirtualClock()
      const random = seededRandom(seed)
      const network = new MemoryNetwork(
        { clock, logger: silentLogger, random },
        { latencyMs: { min: 1, max: 9 } },
      )
      network.listen(1, 'broker', 9092, (stream) => {
        stream.onData = (chunk) => void stream.write([chunk])
      })
      const events: string[] = []
      const clients = [connect(network), connect(network), connect(network)]
      await clock.run(clock.sleep(20), 1000)
      for (let turn = 0; turn < 20; turn++) {
        for (const [at, client] of clients.entries()) {
          write(client, `${turn} `)
          await clock.run(clock.sleep(1), 1000)
          events.push(`${clock.now()} ${at} ${client.received.length} ${client.flushed}`)
        }
      }
      await clock.run(clock.sleep(50), 1000)
      const all = Array.from({ length: 20 }, (_, turn) => `${turn} `).join('')
      expect(clients.map(({ received }) => received.toString())).toEqual([all, all, all])
      return events
    }
    const first = await run(1)
    await expect(run(1)).resolves.toEqual(first)
    await expect(run(2)).resolves.not.toEqual(first)
  })

  it('refuses where nobody listens, also after a listener closed, and a port that is taken', async () => {
    const { clock, network, listener } = start()
    const lost = connect(network, 1)
    await clock.advance(0)
    expect(lost.error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(() => network.listen(2, 'broker', 9092, () => {})).toThrow(/broker:9092/)
    expect(network.listen(2, 'broker', 0, () => {}).port).toBe(9093)
    listener.close()
    const late = connect(network)
    await clock.advance(0)
    expect(late.error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(network.connectionCount).toBe(0)
  })

  it('tells each end when the other ends, after what was sent before', async () => {
    const { clock, network, streams } = start()
    const [first, second] = [connect(network), connect(network)]
    await clock.advance(0)
    let closed = 0
    for (const stream of streams) stream.onClosed = () => void closed++
    first.socket.destroy()
    streams[1]?.write([Buffer.from('last words')])
    streams[1]?.close()
    await clock.advance(0)
    expect(second.received.toString()).toBe('last words')
    expect([first.closed, second.closed, second.error]).toEqual([true, true, undefined])
    expect(closed).toBe(2)
    expect(network.connectionCount).toBe(0)
  })

  it('holds the client back while the broker does not read, beyond what a socket would take', async () => {
    const { clock, network, streams, received } = start()
    const client = connect(network)
    await clock.advance(0)
    streams[0]?.pause()
    for (let i = 0; i < 3; i++) write(client, 'x'.repeat(600_000))
    await clock.advance(0)
    expect(client.flushed).toBeLessThan(3)
    expect(received()).toBe('')
    streams[0]?.resume()
    await clock.advance(0)
    expect(client.flushed).toBe(3)
    expect(received()).toHaveLength(1_800_000)
  })

  it('lets nothing through a partition, and everything after it', async () => {
    const { clock, network, streams, received } = start()
    const client = connect(network, 9092, 'alice')
    const other = connect(network, 9092, 'bob')
    await clock.advance(0)
    const heal = network.partition(1, 'alice')
    write(client, 'lost? ')
    write(other, 'heard ')
    streams[0]?.write([Buffer.from('lost?')])
    const late = connect(network, 9092, 'alice')
    await clock.advance(1000)
    expect(received()).toBe('heard ')
    expect([client.received.length, late.opened, late.closed]).toEqual([0, false, false])
    heal()
    await clock.advance(0)
    expect(received()).toBe('heard lost? ')
    expect(client.received.toString()).toBe('lost?')
    expect(late.opened).toBe(true)
  })

  it('leaves a connection half open when an end closes behind a partition', async () => {
    const { clock, network, streams } = start()
    const client = connect(network)
    await clock.advance(0)
    let brokerKnows = false
    streams[0]!.onClosed = () => void (brokerKnows = true)
    const heal = network.partition(1)
    client.socket.destroy()
    await clock.advance(1000)
    expect([client.closed, brokerKnows]).toEqual([true, false])
    heal()
    await clock.advance(0)
    expect(brokerKnows).toBe(true)
  })

  it('breaks both ends of the connections that are cut, and of no others', async () => {
    const { clock, network, streams } = start()
    const [alice, bob] = [connect(network, 9092, 'alice'), connect(network, 9092, 'bob')]
    await clock.advance(0)
    let closed = 0
    for (const stream of streams) stream.onClosed = () => void closed++
    network.cut(1, 'alice')
    await clock.advance(0)
    expect(alice.error).toMatchObject({ code: 'ECONNRESET' })
    expect([alice.closed, bob.closed, closed]).toEqual([true, false, 1])
    network.cut(1)
    await clock.advance(0)
    expect([bob.closed, closed]).toEqual([true, 2])
  })

  it('refuses a client that wants TLS, in words', async () => {
    const { clock, network } = start()
    let failure: Error | undefined
    network.connector().openSocket(
      { address: 'broker', port: 9092, host: 'broker', tls: {} },
      {
        onOpen: () => {},
        readBuffer: () => Buffer.alloc(1),
        onRead: () => {},
        onClosed: (error) => void (failure = error),
      },
    )
    await clock.advance(0)
    expect(failure?.message).toMatch(/'tls' is set/)
  })

  it('refuses a latency that is none', () => {
    expect(() => start({ latencyMs: { min: 5, max: 1 } })).toThrow(/latencyMs/)
    expect(() => start({ latencyMs: -1 })).toThrow(/latencyMs/)
  })
})
