// Guards against a stopped broker that still answers, and a started one that is found elsewhere or not at all.
import { connect } from 'node:net'
import { handler } from '../../../../src/testing/node/api-handler'
import { BrokerEndpoint } from '../../../../src/testing/node/broker-endpoint'
import { MemoryNetwork } from '../../../../src/testing/transport/memory-network'
import { silentLogger } from '../../../../src/base/logger'
import { brokerApis } from '../../../../src/wire/generated/broker/apis-by-name'
import { heartbeatApi } from '../../../../src/wire/generated/client/heartbeat'
import { FakeClock } from '../../support/fake-clock'
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

describe('BrokerEndpoint', () => {
  it('keeps its port over stops and starts, and refuses in between', async () => {
    const endpoint = new BrokerEndpoint({ server: createServer([beats]), host, port: 0 })
    try {
      await endpoint.open()
      const { port } = endpoint
      await expect(ask(port)).resolves.toBe('answer')
      await endpoint.setState('stopped')
      await expect(ask(port)).resolves.toBe('ECONNREFUSED')
      await endpoint.setState('running')
      expect(endpoint.port).toBe(port)
      await expect(ask(port)).resolves.toBe('answer')
    } finally {
      await endpoint.close()
    }
  })

  it('ends as the last word says when it is stopped and started in one breath', async () => {
    const endpoint = new BrokerEndpoint({ server: createServer([beats]), host, port: 0 })
    try {
      await endpoint.open()
      const changes = ['stopped', 'running', 'stopped', 'running'] as const
      await Promise.all(changes.map((state) => endpoint.setState(state)))
      await expect(ask(endpoint.port)).resolves.toBe('answer')
      await Promise.all(['running', 'stopped'].map((state) => endpoint.setState(state as 'running')))
      await expect(ask(endpoint.port)).resolves.toBe('ECONNREFUSED')
    } finally {
      await endpoint.close()
    }
  })

  it('does the same on a network in memory', async () => {
    const clock = new FakeClock()
    const network = new MemoryNetwork({ clock, logger: silentLogger, random: () => 0 })
    const endpoint = new BrokerEndpoint({ server: createServer([beats], { clock }), host, port: 0, network })
    await endpoint.open()
    const attempt = async (): Promise<string> => {
      let outcome = 'nothing'
      const target = { address: host, host, port: endpoint.port, tls: undefined }
      const socket = network.connector().socketFactory(target, {
        onOpen: () => socket.write([beat], () => {}),
        readBuffer: () => Buffer.alloc(100),
        onRead: () => {
          outcome = 'answer'
          socket.destroy()
        },
        onClosed: (error) => {
          if (outcome === 'nothing') outcome = String((error as NodeJS.ErrnoException | undefined)?.code)
        },
      })
      await clock.advance(1)
      return outcome
    }
    expect(await attempt()).toBe('answer')
    await endpoint.setState('stopped')
    expect(await attempt()).toBe('ECONNREFUSED')
    await endpoint.setState('running')
    expect(await attempt()).toBe('answer')
    await endpoint.close()
  })
})
