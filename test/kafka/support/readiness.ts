import { connect } from 'node:net'

// Speaks two requests of the protocol by hand, so that the harness does not rest on the client it serves to test.

/** What a broker says about its cluster; null when it does not answer (yet). */
export interface ClusterView {
  brokerIds: number[]
  controllerId: number
}

/** Asks one broker for the brokers it knows (Metadata version 1, no topics). */
export async function askClusterView(port: number, timeoutMs = 2_000): Promise<ClusterView | null> {
  const apiVersions = await exchange(port, frame(18, 0, Buffer.alloc(0)), timeoutMs)
  if (apiVersions === null || apiVersions.readInt16BE(4) !== 0) return null
  const noTopics = Buffer.alloc(4)
  const response = await exchange(port, frame(3, 1, noTopics), timeoutMs)
  return response === null ? null : parseMetadata(response)
}

/** Waits until every port's broker sees `count` brokers and a controller. */
export async function waitForCluster(
  ports: readonly number[],
  count: number,
  giveUp: () => string | null,
  timeoutMs: number,
): Promise<void> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const views = await Promise.all(ports.map((port) => askClusterView(port)))
    if (views.every((view) => view !== null && view.brokerIds.length === count && view.controllerId >= 0))
      return
    const reason = giveUp()
    if (reason !== null) throw new Error(reason)
    if (Date.now() > end) {
      throw new Error(`Kafka was not ready within ${timeoutMs} ms; its brokers say ${JSON.stringify(views)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function frame(apiKey: number, version: number, body: Buffer): Buffer {
  const head = Buffer.alloc(14)
  head.writeInt32BE(10 + body.length, 0)
  head.writeInt16BE(apiKey, 4)
  head.writeInt16BE(version, 6)
  head.writeInt32BE(1, 8)
  head.writeInt16BE(-1, 12)
  return Buffer.concat([head, body])
}

function exchange(port: number, request: Buffer, timeoutMs: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    const socket = connect(port, '127.0.0.1')
    const settle = (answer: Buffer | null): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeoutMs, () => settle(null))
    socket.once('error', () => settle(null))
    socket.once('close', () => settle(null))
    socket.once('connect', () => socket.write(request))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) settle(received.subarray(4))
    })
  })
}

function parseMetadata(response: Buffer): ClusterView {
  let at = 4
  const brokerIds: number[] = []
  for (let left = response.readInt32BE(at); left > 0; left--) {
    brokerIds.push(response.readInt32BE(at + 4))
    at += 4 + 2 + response.readInt16BE(at + 8) + 4
    at += 2 + Math.max(0, response.readInt16BE(at + 4))
  }
  return { brokerIds, controllerId: response.readInt32BE(at + 4) }
}
