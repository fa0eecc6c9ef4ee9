// Guards the moment in which messages leave: a lone one must not wait for the turn's end, and many must leave together.
import { DrainSchedule } from '../../../src/producer/drain-schedule'

function broker(isIdle: boolean) {
  const drained: string[] = []
  return { isIdle, isDue: false, drained, drain: () => void drained.push('now') }
}

const turnEnd = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('DrainSchedule', () => {
  test('a broker that owes no answer is sent what there is as soon as the program pauses', async () => {
    const idle = broker(true)
    const schedule = new DrainSchedule()
    const atTurnEnd = turnEnd().then(() => [...idle.drained])
    const beforeTick = Promise.resolve()
      .then(() => schedule.add(idle))
      .then(() => schedule.add(idle))
      .then(() => idle.drained.length)
    expect(await beforeTick).toBe(0)
    expect(await atTurnEnd).toEqual(['now'])
  })

  test('a broker that owes answers is sent it when the turn ends, once for all that came', async () => {
    const busy = broker(false)
    const schedule = new DrainSchedule()
    schedule.add(busy)
    await new Promise<void>((resolve) => process.nextTick(resolve))
    schedule.add(busy)
    expect(busy.drained).toEqual([])
    await turnEnd()
    expect(busy.drained).toEqual(['now'])
  })

  test('a broker that owes answers is not sent less because another owes none', async () => {
    const [idle, busy] = [broker(true), broker(false)]
    const schedule = new DrainSchedule()
    schedule.add(busy)
    schedule.add(idle)
    await new Promise<void>((resolve) => process.nextTick(resolve))
    expect([idle.drained.length, busy.drained.length]).toEqual([1, 0])
    await turnEnd()
    expect([idle.drained.length, busy.drained.length]).toEqual([1, 1])
  })

  test('L23: nothing runs between two turns, and what comes later is sent later', async () => {
    const idle = broker(true)
    const schedule = new DrainSchedule()
    schedule.add(idle)
    await turnEnd()
    await turnEnd()
    expect(idle.drained).toHaveLength(1)
    schedule.add(idle)
    await turnEnd()
    expect(idle.drained).toHaveLength(2)
  })
})
