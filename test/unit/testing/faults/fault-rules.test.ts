// Guards against faults that hit the wrong requests, hit too often, act twice, or hide a mistake in a user's rule.
import type { FaultRules } from '../../../../src/testing/faults/fault-rules'
import { ReadyFaults } from '../../../../src/testing/faults/ready-faults'
import { handler } from '../../../../src/testing/contracts/api-handler'
import type { BrokerServer } from '../../../../src/testing/node/broker-server'
import { brokerApis, type BrokerRequest } from '../../../../src/wire/generated/broker/apis-by-name'
import { heartbeatApi } from '../../../../src/wire/generated/client/heartbeat'
import { produceApi } from '../../../../src/wire/generated/client/produce'
import { FakeClock, settle } from '../../support/fake-clock'
import { RawClient, requestFrame } from '../support/raw-client'
import { createServer } from '../support/server-fixture'

interface Setup {
  readonly clock: FakeClock
  readonly server: BrokerServer
  readonly rules: FaultRules
  readonly ready: ReadyFaults
  readonly client: RawClient
  /** Generation ids of the heartbeats that the broker dealt with. */
  readonly acted: number[]
  /** `topic-partition` of what was stored. */
  readonly stored: string[]
}

function start(): Setup {
  const acted: number[] = []
  const stored: string[] = []
  const clock = new FakeClock()
  const beats = handler(brokerApis.Heartbeat, ({ generationId }) => {
    acted.push(generationId)
    return { errorCode: 0, throttleTimeMs: 0 }
  })
  const produce = handler(brokerApis.Produce, ({ topicData, acks }: BrokerRequest<'Produce'>) => {
    const responses = topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => {
        stored.push(`${name === '' ? topicId : name}-${index}`)
        return { index, errorCode: 0, baseOffset: 7n }
      }),
    }))
    return acks === 0 ? undefined : { responses }
  })
  const server = createServer([beats, produce], { clock })
  const ready = new ReadyFaults(server.faults, (id) =>
    id === 'AAAAAAAAAAAAAAAAAAAAAQ' ? 'orders' : undefined,
  )
  return { clock, server, rules: server.faults, ready, client: new RawClient(server), acted, stored }
}

/** Sends a heartbeat and answers with its error code, or what happened instead. */
async function beat({ client }: Setup, generationId = 1): Promise<number | 'silence' | 'closed'> {
  client.send(requestFrame(heartbeatApi, 4, { groupId: 'g', generationId, memberId: 'm' }))
  await settle()
  if (client.isClosed) return 'closed'
  const frames = client.frames()
  return frames.length === 0 ? 'silence' : (frames[0] as Buffer).readInt16BE(9)
}

describe('a fault rule', () => {
  it('answers in place of the broker, once', async () => {
    const setup = start()
    setup.rules.once('Heartbeat', () => ({ errorCode: 27 }))
    expect([await beat(setup, 1), await beat(setup, 2)]).toEqual([27, 0])
    expect(setup.acted).toEqual([2])
  })

  it('goes after its times, in the order the rules were added, and when it is taken back', async () => {
    const setup = start()
    const remove = setup.rules.on('Heartbeat', () => ({ errorCode: 25 }), { times: 2 })
    setup.rules.once('Heartbeat', () => ({ errorCode: 22 }))
    setup.rules.on('Heartbeat', () => ({ errorCode: 16 }))
    expect([await beat(setup), await beat(setup), await beat(setup), await beat(setup)]).toEqual([
      25, 25, 22, 16,
    ])
    remove()
    expect(await beat(setup)).toBe(16)
    setup.rules.clear()
    expect(await beat(setup)).toBe(0)
  })

  it('that leaves a request alone is not used up by it', async () => {
    const setup = start()
    setup.rules.once('Heartbeat', ({ generationId }) => (generationId === 2 ? { errorCode: 27 } : undefined))
    expect([await beat(setup, 1), await beat(setup, 2), await beat(setup, 2)]).toEqual([0, 27, 0])
  })

  it('counts for one broker alone when it says so', async () => {
    const setup = start()
    setup.rules.on('Heartbeat', () => ({ errorCode: 25 }), { broker: 2 })
    setup.rules.on('Heartbeat', () => ({ errorCode: 27 }), { broker: 1 })
    expect(await beat(setup)).toBe(27)
  })

  it('for one request is not used by two that come at the same time', async () => {
    const setup = start()
    const other = { ...setup, client: new RawClient(setup.server) }
    setup.rules.once('Heartbeat', async (_, exchange) => {
      await exchange.delay(10)
      return { errorCode: 27 }
    })
    const answers = Promise.all([beat(setup, 1), beat(other, 2)])
    await setup.clock.advance(10)
    await answers
    expect(setup.acted).toEqual([2])
  })

  it('knows who asked what, and changes the real answer', async () => {
    const setup = start()
    const seen: unknown[] = []
    setup.rules.once('Heartbeat', async (request, exchange) => {
      seen.push(exchange.api, exchange.apiVersion, exchange.clientId, exchange.brokerId, exchange.sessionId)
      const response = await exchange.proceed()
      await exchange.proceed()
      return response && { ...response, errorCode: request.generationId }
    })
    expect(await beat(setup, 5)).toBe(5)
    expect(seen).toEqual(['Heartbeat', 4, 'raw', 1, 1])
    expect(setup.acted).toEqual([5])
  })

  it('that acted and says nothing more leaves the real answer, and acts once', async () => {
    const setup = start()
    setup.rules.once('Heartbeat', async (_, exchange) => {
      await exchange.proceed()
    })
    expect(await beat(setup)).toBe(0)
    expect(setup.acted).toEqual([1])
  })

  it('drops, so that nothing after it is answered on the connection, and on others it is', async () => {
    const setup = start()
    setup.rules.once('Heartbeat', (_, exchange) => exchange.drop())
    expect([await beat(setup, 1), await beat(setup, 2)]).toEqual(['silence', 'silence'])
    expect(await beat({ ...setup, client: new RawClient(setup.server) }, 3)).toBe(0)
    expect(setup.acted).toEqual([3])
    expect(setup.server.requestLog.filter({ outcome: 'dropped' })).toMatchObject([
      { request: { generationId: 1 } },
    ])
  })

  it.each([
    ['before', []],
    ['acting', [1]],
  ] as const)('closes after %s', async (after, acted) => {
    const setup = start()
    setup.rules.once('Heartbeat', (_, exchange) => exchange.close({ after }))
    expect(await beat(setup, 1)).toBe('closed')
    expect(setup.acted).toEqual(acted)
  })

  it('with a mistake in it closes the connection, and the mistake is kept', async () => {
    const setup = start()
    const mistake = new TypeError('a mistake')
    setup.rules.once('Heartbeat', () => {
      throw mistake
    })
    expect(await beat(setup)).toBe('closed')
    expect(setup.rules.failures).toEqual([{ api: 'Heartbeat', apiVersion: 4, error: mistake }])
    expect(setup.server.failures).toHaveLength(1)
  })

  it('of a broker that was paused meanwhile acts when it goes on', async () => {
    const setup = start()
    setup.ready.delay('Heartbeat', 100)
    await beat(setup)
    setup.server.setState('paused')
    await setup.clock.advance(100)
    expect(setup.acted).toEqual([])
    setup.server.setState('running')
    await settle()
    expect(setup.acted).toEqual([1])
    expect(setup.client.frames()).toHaveLength(1)
  })

  it('of a broker that was paused and then stopped does not act', async () => {
    const setup = start()
    setup.ready.delay('Heartbeat', 100)
    await beat(setup)
    setup.server.setState('paused')
    await setup.clock.advance(100)
    setup.server.setState('stopped')
    setup.server.setState('running')
    await settle()
    expect(setup.acted).toEqual([])
  })

  it('that does not wait for the broker leaves its mistakes to the broker’s own list', async () => {
    const broken = handler(brokerApis.Heartbeat, () => Promise.reject(new TypeError('a mistake')))
    const server = createServer([broken])
    server.faults.once('Heartbeat', (_, exchange) => {
      void exchange.proceed()
      return { errorCode: 0 }
    })
    const setup = { ...start(), client: new RawClient(server) }
    expect(await beat(setup)).toBe(0)
    expect(server.failures).toMatchObject([{ api: 'Heartbeat' }])
    expect(server.faults.failures).toEqual([])
    server.faults.once('Heartbeat', (_, exchange) => exchange.proceed())
    expect(await beat(setup)).toBe('closed')
    expect(server.failures).toHaveLength(2)
    expect(server.faults.failures).toEqual([])
  })

  it('of a broker that was stopped meanwhile does not act', async () => {
    const setup = start()
    setup.ready.delay('Heartbeat', 100)
    await beat(setup)
    setup.server.setState('stopped')
    await setup.clock.advance(100)
    expect(setup.acted).toEqual([])
  })

  it('is refused for an API there is not, and for no times', () => {
    const { rules } = start()
    const name = 'produce' as 'Produce'
    expect(() => rules.on(name, () => undefined)).toThrow(/no API 'produce'/)
    expect(() => rules.on('Produce', () => undefined, { times: 0 })).toThrow(/at least once/)
  })
})

describe('a ready-made fault', () => {
  it('delays before acting, or the answer alone', async () => {
    const setup = start()
    setup.ready.delay('Heartbeat', 100, { times: 1 })
    setup.ready.delayResponse('Heartbeat', 100, { times: 1 })
    expect(await beat(setup, 1)).toBe('silence')
    expect(setup.acted).toEqual([])
    await setup.clock.advance(100)
    expect(setup.client.frames()).toHaveLength(1)
    expect(await beat(setup, 2)).toBe('silence')
    expect(setup.acted).toEqual([1, 2])
    await setup.clock.advance(100)
    expect(setup.client.frames()).toHaveLength(1)
  })

  it('acts and then is silent, or closes before or after', async () => {
    for (const [fault, outcome, acted] of [
      ['dropResponse', 'silence', [1]],
      ['closeBefore', 'closed', []],
      ['closeAfter', 'closed', [1]],
    ] as const) {
      const setup = start()
      setup.ready[fault]('Heartbeat')
      expect(await beat(setup, 1)).toBe(outcome)
      expect(setup.acted).toEqual(acted)
    }
  })

  it('answers twice, and acts once', async () => {
    const setup = start()
    setup.ready.duplicateResponse('Heartbeat', { times: 1 })
    setup.client.send(requestFrame(heartbeatApi, 4, { groupId: 'g', generationId: 1, memberId: 'm' }))
    await settle()
    expect(setup.client.frames()).toHaveLength(2)
    expect(setup.acted).toEqual([1])
    expect(await beat(setup)).toBe(0)
  })

  it('throttles: says so, and does not read for as long', async () => {
    const setup = start()
    setup.ready.throttle('Heartbeat', 300, { times: 1 })
    setup.client.send(requestFrame(heartbeatApi, 4, { groupId: 'g', generationId: 1, memberId: 'm' }))
    await settle()
    expect(setup.client.response(heartbeatApi, 4).throttleTimeMs).toBe(300)
    expect(await beat(setup)).toBe('silence')
    await setup.clock.advance(300)
    expect(setup.client.frames()).toHaveLength(1)
  })

  it('fails the requests that are meant, so many times', async () => {
    const setup = start()
    setup.ready.fail('Heartbeat', 'REBALANCE_IN_PROGRESS', { times: 1, where: (r) => r.generationId > 5 })
    expect([await beat(setup, 1), await beat(setup, 6), await beat(setup, 6)]).toEqual([0, 27, 0])
    expect(setup.server.requestLog.filter({ api: 'Heartbeat' }).map(({ errorCode }) => errorCode)).toEqual([
      undefined,
      27,
      undefined,
    ])
  })

  it('refuses an error there is not', () => {
    const name = 'NOT_LEADER' as 'NOT_LEADER_OR_FOLLOWER'
    expect(() => start().ready.fail('Produce', name)).toThrow(/no error 'NOT_LEADER'/)
  })

  it.each([9, 13])('fails some partitions of a Produce v%i and stores the others', async (version) => {
    const setup = start()
    setup.ready.failProduce({ topic: 'orders', partition: 2, error: 'NOT_LEADER_OR_FOLLOWER', times: 1 })
    const partitionData = [1, 2].map((index) => ({ index, records: null }))
    const [orders, other] =
      version < 13 ? ['orders', 'other'] : ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAg']
    const named = (name: string) => (version < 13 ? { name } : { topicId: name })
    const topicData = [orders, other].map((name) => ({ ...named(name as string), partitionData }))
    const send = async (): Promise<number[]> => {
      setup.client.send(requestFrame(produceApi, version, { acks: -1, timeoutMs: 1, topicData }))
      await settle()
      const { responses } = setup.client.response(produceApi, version)
      expect(responses.map(({ name, topicId }) => (version < 13 ? name : topicId))).toEqual([orders, other])
      return responses.flatMap(({ partitionResponses }) =>
        partitionResponses.map(({ errorCode }) => errorCode),
      )
    }
    await expect(send()).resolves.toEqual([0, 6, 0, 0])
    expect(setup.stored).toEqual([`${orders}-1`, `${other}-1`, `${other}-2`])
    await expect(send()).resolves.toEqual([0, 0, 0, 0])
  })

  it('closes for a failed Produce with acks 0, and leaves those alone that it does not mean', async () => {
    const setup = start()
    setup.ready.failProduce({ partition: 2, error: 'NOT_LEADER_OR_FOLLOWER' })
    const send = async (index: number): Promise<void> => {
      const topicData = [{ name: 'orders', partitionData: [{ index, records: null }] }]
      setup.client.send(requestFrame(produceApi, 9, { acks: 0, timeoutMs: 1, topicData }))
      await settle()
    }
    await send(1)
    expect(setup.client.isClosed).toBe(false)
    await send(2)
    expect(setup.client.isClosed).toBe(true)
    expect(setup.stored).toEqual(['orders-1'])
  })
})
