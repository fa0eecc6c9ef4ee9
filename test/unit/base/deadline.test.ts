// Guards against calls that outlive their limit, and against listeners or timers left behind.
import { Deadline } from '../../../src/base/deadline'
import { AbortedError, TimeoutError } from '../../../src/base/errors'
import { FakeClock } from '../support/fake-clock'

const late = () => new TimeoutError('TOO_LATE', 'too late')

describe('Deadline', () => {
  it('counts down and never goes below zero', async () => {
    const clock = new FakeClock()
    const deadline = new Deadline(clock, 'flush', 100)
    expect(deadline.remainingMs()).toBe(100)
    await clock.advance(60)
    expect(deadline.remainingMs()).toBe(40)
    await clock.advance(60)
    expect(deadline.remainingMs()).toBe(0)
    expect(deadline.expired).toBe(true)
  })

  it('cuts a sleep short when it ends first', async () => {
    const clock = new FakeClock()
    const deadline = new Deadline(clock, 'flush', 100)
    let woke = false
    void deadline.sleep(1000).then(() => (woke = true))
    await clock.advance(99)
    expect(woke).toBe(false)
    await clock.advance(1)
    expect(woke).toBe(true)
    expect(clock.pendingTimers).toBe(0)
  })

  it('ends a sleep at once when the signal fires, with the reason as cause', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const deadline = new Deadline(clock, 'flush', Infinity, controller.signal)
    const slept = deadline.sleep(1000)
    const reason = new Error('user left')
    controller.abort(reason)
    await expect(slept).rejects.toBeInstanceOf(AbortedError)
    await expect(slept).rejects.toMatchObject({ code: 'ABORTED', name: 'AbortError', cause: reason })
    expect(clock.pendingTimers).toBe(0)
    await expect(deadline.sleep(1)).rejects.toBeInstanceOf(AbortedError)
  })

  it('races a promise: its value, its error, or the timeout', async () => {
    const clock = new FakeClock()
    const deadline = new Deadline(clock, 'flush', 100)
    await expect(deadline.race(Promise.resolve(7), late)).resolves.toBe(7)
    await expect(deadline.race(Promise.reject(new Error('no')), late)).rejects.toThrow('no')
    const raced = deadline.race(new Promise<never>(() => {}), late)
    const outcome = expect(raced).rejects.toMatchObject({ code: 'TOO_LATE' })
    await clock.advance(100)
    await outcome
    expect(clock.pendingTimers).toBe(0)
  })

  it('does not turn a late rejection into an unhandled one', async () => {
    const clock = new FakeClock()
    const deadline = new Deadline(clock, 'flush', 10)
    let reject!: (error: Error) => void
    const raced = deadline.race(new Promise<never>((_, r) => (reject = r)), late)
    const outcome = expect(raced).rejects.toMatchObject({ code: 'TOO_LATE' })
    await clock.advance(10)
    await outcome
    reject(new Error('after the end'))
    await clock.advance(0)
  })

  it('has no timer when it has no limit', () => {
    const clock = new FakeClock()
    void new Deadline(clock, 'flush', Infinity).race(new Promise(() => {}), late)
    expect(clock.pendingTimers).toBe(0)
  })
})
