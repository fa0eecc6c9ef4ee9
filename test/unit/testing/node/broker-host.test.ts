// Guards against a stopped broker that still answers, and a started one that is found elsewhere or not at all.
import { connect } from 'node:net'
import { handler } from '../../../../src/testing/contracts/api-handler'
import { BrokerHost } from '../../../../src/testing/node/broker-host'
import { TcpListener } from '../../../../src/testing/transport/tcp-listener'
import { silentLogger } from '../../../../src/base/logger'
import { brokerApis } from '../../../../src/wire/generated/broker/apis-by-name'
import { heartbeatApi } from '../../../../src/wire/generated/client/heartbeat'
import { requestFrame } from '../support/raw-client'
import { createServer } from '../support/server-fixture'

const host = '127.0.0.1'
const beats = handler(brokerApis.Heartbeat, () => ({ errorCode: 0 }))
const beat = requestFrame(heartbeatApi, 4, { groupId: 'g', generationId: 1, memberId: 'm' })

/** `answer`, or what the socket reports. */
function ask(port: number): Promise<string> {
  const socket = connect(port, host)
  socket.write(beat)
  return new Promise((resolve) => {
    let outcome = 'closed'
    socket.once('data', () => {
      outcome = 'answer'
      socket.destroy()
    })
    socket.on('error', (error) => (outcome = String((error as NodeJS.ErrnoException).code)))
    socket.once('close', () => resolve(outcome))
  })
}

function createHost(): BrokerHost {
  const server = createServer([beats])
  return new BrokerHost(server, 0, async (port) => {
    const listener = await TcpListener.open({ host, port, logger: silentLogger }, (stream) =>
      server.accept(stream),
    )
    return { port: listener.port, close: () => listener.stop() }
  })
}

describe('BrokerHost', () => {
  it('keeps its port over stops and starts, and refuses in between', async () => {
    const broker = createHost()
    try {
      await broker.start()
      const { port } = broker
      await expect(ask(port)).resolves.toBe('answer')
      await broker.stop()
      await expect(ask(port)).resolves.toBe('ECONNREFUSED')
      await broker.start()
      expect(broker.port).toBe(port)
      await expect(ask(port)).resolves.toBe('answer')
    } finally {
      await broker.stop()
    }
  })

  it('ends as the last word says when it is stopped and started in one breath', async () => {
    const broker = createHost()
    try {
      await broker.start()
      await Promise.all([broker.stop(), broker.start(), broker.stop(), broker.start(), broker.start()])
      await expect(ask(broker.port)).resolves.toBe('answer')
      await Promise.all([broker.start(), broker.stop(), broker.start(), broker.stop()])
      await expect(ask(broker.port)).resolves.toBe('ECONNREFUSED')
    } finally {
      await broker.stop()
    }
  })

  it('that was paused answers nothing and takes connections, and answers when it goes on', async () => {
    const broker = createHost()
    try {
      await broker.start()
      broker.pause()
      let isAnswered = false
      const answer = ask(broker.port).then((outcome) => {
        isAnswered = true
        return outcome
      })
      while (broker.server.connectionCount === 0) await new Promise((resolve) => setImmediate(resolve))
      expect(isAnswered).toBe(false)
      broker.resume()
      await expect(answer).resolves.toBe('answer')
    } finally {
      await broker.stop()
    }
  })
})
