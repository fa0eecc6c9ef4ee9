// Guards the fault tests themselves: a proxy that injects nothing would let every one of them pass.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describeEachKafkaCluster } from './support/describe-kafka'
import type { FaultProxy } from './support/fault-proxy'
import { FrameSplitter } from './support/frames'

const metadata = 3
const apiVersions = 18

describeEachKafkaCluster('the fault proxy', { nodes: 1, proxied: true, versions: ['4.3.1'] }, (kafka) => {
  const sockets: Socket[] = []
  const proxy = (): FaultProxy => firstOf(kafka.proxies)

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await proxy().heal()
  })

  async function open(): Promise<Socket> {
    const socket = connect(Number(kafka.bootstrap[0]?.split(':')[1]), '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    await once(socket, 'connect')
    return socket
  }

  it('stands at the port that the broker advertises', async () => {
    const answer = await ask(await open(), metadata, 1)
    const port = answer?.readInt32BE(4 + 4 + 4 + 4 + 2 + 'localhost'.length)
    expect(port).toBe(proxy().port)
    expect(port).not.toBe(kafka.nodes[0]?.port)
  })

  it('loses the answer of the chosen API and the connection with it, and only once', async () => {
    const lost = proxy().loseNextResponse(apiVersions)
    const socket = await open()
    expect(await ask(socket, metadata, 1)).not.toBeNull()
    expect(await ask(socket, apiVersions, 0)).toBeNull()
    await lost
    expect(socket.destroyed).toBe(true)
    expect(await ask(await open(), apiVersions, 0)).not.toBeNull()
  })

  it('holds everything back while it is frozen and delivers it afterwards', async () => {
    const socket = await open()
    proxy().freeze()
    let answered = false
    const answer = ask(socket, apiVersions, 0).finally(() => (answered = true))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(answered).toBe(false)
    await proxy().heal()
    expect(await answer).not.toBeNull()
  })

  it('delays answers and delivers them byte by byte, whole and in order', async () => {
    const socket = await open()
    const plain = await ask(socket, apiVersions, 0)
    proxy().delayResponses(200)
    proxy().sendByteByByte()
    const start = Date.now()
    const answer = await ask(socket, apiVersions, 0)
    expect(Date.now() - start).toBeGreaterThanOrEqual(190)
    expect(answer).toEqual(plain)
  })

  it('cuts what is connected, and refuses until it is healed', async () => {
    const socket = await open()
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await proxy().refuse()
    await closed
    await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await proxy().heal()
    expect(await ask(await open(), apiVersions, 0)).not.toBeNull()
  })
})

/** Sends one request without a body but four zero bytes; null when the connection ends without an answer. */
function ask(socket: Socket, apiKey: number, version: number): Promise<Buffer | null> {
  const body = apiKey === metadata ? 4 : 0
  const request = Buffer.alloc(14 + body)
  request.writeInt32BE(10 + body, 0)
  request.writeInt16BE(apiKey, 4)
  request.writeInt16BE(version, 6)
  request.writeInt32BE(7, 8)
  request.writeInt16BE(-1, 12)
  const splitter = new FrameSplitter()
  return new Promise((resolve) => {
    const onData = (chunk: Buffer): void => {
      const [frame] = splitter.push(chunk)
      if (frame !== undefined) settle(frame)
    }
    const onClose = (): void => settle(null)
    const settle = (frame: Buffer | null): void => {
      socket.off('data', onData)
      socket.off('close', onClose)
      resolve(frame)
    }
    socket.on('data', onData)
    socket.once('close', onClose)
    socket.write(request)
  })
}

function firstOf(proxies: readonly FaultProxy[]): FaultProxy {
  const [proxy] = proxies
  if (proxy === undefined) throw new Error('The cluster was started without proxies')
  return proxy
}
