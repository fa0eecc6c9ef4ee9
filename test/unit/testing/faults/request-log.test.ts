// Guards against a log of requests that loses what a test looks for, or keeps all memory of a long run.
import { RequestLog, type LoggedRequest } from '../../../../src/testing/faults/request-log'
import type { BrokerApiName } from '../../../../src/wire/generated/broker/apis-by-name'
import { FakeClock } from '../../support/fake-clock'

function logged(correlationId: number, api: BrokerApiName = 'Heartbeat', brokerId = 1): LoggedRequest {
  const request = { groupId: 'g', generationId: correlationId, memberId: 'm', groupInstanceId: null }
  return {
    at: 0,
    brokerId,
    sessionId: 1,
    clientId: 'c',
    api,
    version: 0,
    correlationId,
    request,
    outcome: 'answered',
    durationMs: 0,
  }
}

describe('RequestLog', () => {
  it('keeps the latest, as many as it was told', () => {
    const log = new RequestLog(new FakeClock(), { size: 3 })
    for (let i = 0; i < 10; i++) {
      log.add(logged(i), 1)
      expect(log.all.map(({ correlationId }) => correlationId)).toEqual(
        [i - 2, i - 1, i].filter((id) => id >= 0),
      )
    }
  })

  it('keeps no more bytes of requests than it was told', () => {
    const log = new RequestLog(new FakeClock(), { maxBytes: 1000 })
    for (let i = 0; i < 10; i++) log.add(logged(i), 400)
    expect(log.all.map(({ correlationId }) => correlationId)).toEqual([8, 9])
    log.add(logged(10), 5000)
    expect(log.all).toEqual([])
  })

  it('gives those that are meant, and none after it was cleared', () => {
    const log = new RequestLog(new FakeClock())
    log.add(logged(1, 'Heartbeat', 1), 1)
    log.add(logged(2, 'JoinGroup', 1), 1)
    log.add(logged(3, 'Heartbeat', 2), 1)
    expect(log.filter({ api: 'Heartbeat', brokerId: 2 }).map((entry) => entry.request.generationId)).toEqual([
      3,
    ])
    expect(log.filter()).toHaveLength(3)
    log.clear()
    expect(log.filter()).toEqual([])
  })

  it('waits for a request that comes, and knows one that came', async () => {
    const log = new RequestLog(new FakeClock(), { size: 0 })
    const later = log.waitFor('Heartbeat', ({ request }) => request.generationId === 2)
    expect(log.isNeeded).toBe(true)
    log.add(logged(1), 1)
    log.add(logged(2), 1)
    await expect(later).resolves.toMatchObject({ correlationId: 2 })
    const keeping = new RequestLog(new FakeClock())
    keeping.add(logged(5), 1)
    await expect(keeping.waitFor('Heartbeat')).resolves.toMatchObject({ correlationId: 5 })
  })

  it('gives up after its time, passes on what the predicate throws, and leaves no timer', async () => {
    const clock = new FakeClock()
    const log = new RequestLog(clock)
    const never = log.waitFor('Heartbeat', () => false, { timeoutMs: 100 })
    const failed = log.waitFor('JoinGroup', () => {
      throw new TypeError('a mistake')
    })
    log.add(logged(1, 'JoinGroup'), 1)
    await expect(failed).rejects.toThrow('a mistake')
    const outcome = expect(never).rejects.toMatchObject({ code: 'REQUEST_NOT_SEEN' })
    await clock.advance(100)
    await outcome
    expect(clock.pendingTimers).toBe(0)
  })
})
