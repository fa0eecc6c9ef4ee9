// Guards L16 and L23: full buffers and quick handlers never hold up the event loop, and nothing ticks without a reason.
import { systemClock } from '../../../../src/base/clock'
import { DeliveryTurn } from '../../../../src/message/delivery-turn'
import { HandlerWatch } from '../../../../src/message/handler-watch'
import { type HandedOut, OffsetTracker } from '../../../../src/consumer/delivery/offset-tracker'
import type { Message } from '../../../../src/message/message'
import { FakeClock } from '../../support/fake-clock'
import { FakeClusterOn } from '../support/fake-cluster'
import { FakeGroup } from '../support/fake-group'
import { Consumer } from '../../../../src/consumer/consumer'

describe('DeliveryTurn', () => {
  it('lets timers run while messages are handed out without end', async () => {
    let turns = 0
    let isStopped = false
    const work = (): void => {
      while (!isStopped && !turn.shouldYield()) turns++
    }
    const turn: DeliveryTurn = new DeliveryTurn(systemClock, work)
    turn.begin()
    const timer = new Promise<void>((resolve) => setTimeout(resolve, 30))
    work()
    await timer
    isStopped = true
    expect(turns).toBeGreaterThan(0)
  })

  it('begins once in a turn of the event loop, however many answers or partitions it is woken by', async () => {
    const clock = new FakeClock()
    let resumed = 0
    const turn = new DeliveryTurn(clock, () => resumed++)
    turn.begin()
    clock.skip(6)
    expect(turn.shouldYield()).toBe(false)
    turn.begin()
    clock.skip(6)
    expect(turn.shouldYield()).toBe(true)
    turn.begin()
    expect(turn.shouldYield()).toBe(true)
    await nextLoopTurn()
    expect(resumed).toBe(1)
    expect(turn.shouldYield()).toBe(false)

    await nextLoopTurn()
    clock.skip(60)
    turn.begin()
    expect(turn.shouldYield()).toBe(false)
  })
})

const nextLoopTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Takes some microseconds, as a quick handler does. */
function spin(): void {
  const end = performance.now() + 0.005
  while (performance.now() < end);
}

describe.each([
  ['synchronous handlers, one partition', 1, (): unknown => undefined],
  ['synchronous handlers, 1,000 partitions', 1000, (): unknown => undefined],
  ['handlers that resolve at once, one partition', 1, (): unknown => Promise.resolve()],
  ['handlers that resolve at once, 1,000 partitions', 1000, (): unknown => Promise.resolve()],
] as const)('full buffers with %s', (_what, partitions, handler) => {
  it.each(['partition', 'none', 'key'] as const)('leave timers their turn (order %s)', async (order) => {
    const cluster = new FakeClusterOn(systemClock)
    cluster.addTopic('t', partitions)
    const assign = Array.from({ length: partitions }, (_, partition) => ({ topic: 't', partition }))
    for (const { partition } of assign) cluster.log('t', partition).fill(100_000 / partitions, 1000)
    const consumer = new Consumer(
      cluster,
      { assign, startFrom: 'earliest', maxPartitionFetchBytes: 10_000_000 },
      new FakeGroup().factory,
    )
    let seen = 0
    let longest = 0
    // Of the processor, not of the clock: a machine that is busy with others must not fail this.
    let last = process.cpuUsage()
    const endStretch = (): void => {
      const { user, system } = process.cpuUsage(last)
      longest = Math.max(longest, (user + system) / 1000)
      last = process.cpuUsage()
    }
    const ticker = setInterval(endStretch, 1)
    const stop = new AbortController()
    await consumer.run(
      () => {
        // Finding positions is another matter.
        if (++seen === 1) last = process.cpuUsage()
        if (seen === 100_000) stop.abort()
        spin()
        return handler()
      },
      { order, concurrency: 4, signal: stop.signal },
    )
    // The ticker may not have had its turn since.
    endStretch()
    clearInterval(ticker)
    await consumer.close()
    expect(seen).toBe(100_000)
    // All of it takes half a second and more; a turn lasts 10 ms, and the rest is leeway for the compiler and the collector.
    expect(longest).toBeLessThan(350)
  })
})

describe('HandlerWatch', () => {
  it('tells once when the oldest work is late, and when it came back', async () => {
    const clock = new FakeClock()
    let overdue = 0
    const watch = new HandlerWatch(clock, 1000, () => overdue++)
    const first = watch.begin()
    await clock.advance(600)
    const second = watch.begin()
    await clock.advance(399)
    expect(overdue).toBe(0)
    await clock.advance(1)
    expect([overdue, watch.isOverdue]).toEqual([1, true])
    await clock.advance(5000)
    expect(overdue).toBe(1)
    expect(watch.end(first)).toBe(false)
    expect(watch.end(second)).toBe(true)
    expect(watch.isOverdue).toBe(false)
  })

  it('L16 counts the time of what goes on now alone, and reads the clock seldom for the quick ones before it', async () => {
    const clock = new FakeClock()
    let overdue = 0
    const watch = new HandlerWatch(clock, 1000, () => overdue++)
    const work = watch.begin()
    await clock.advance(600)
    const reads = jest.spyOn(clock, 'now')
    for (let i = 0; i < 1000; i++) watch.restart(work)
    expect(reads.mock.calls.length).toBeLessThan(5)
    await clock.advance(999)
    expect([overdue, watch.isOverdue]).toEqual([0, false])
    await clock.advance(1)
    expect([overdue, watch.isOverdue]).toEqual([1, true])
    expect(watch.restart(work)).toBe(true)
  })

  it('L16 does not take a piece that began late in a long turn for the one with which the turn began', () => {
    const clock = new FakeClock()
    const watch = new HandlerWatch(clock, 1000, () => {})
    const work = watch.begin()
    watch.restart(work)
    clock.skip(5000)
    watch.restart(work)
    expect([...watch.work()].map(({ startedAt }) => startedAt)).toEqual([5000])
    expect(watch.end(work)).toBe(false)
  })

  it('has one timer however much work comes and goes, and none at the end', async () => {
    const clock = new FakeClock()
    const watch = new HandlerWatch(clock, 1000, () => {})
    for (let i = 0; i < 100; i++) {
      const work = watch.begin()
      expect(clock.pendingTimers).toBeLessThanOrEqual(1)
      watch.end(work)
      await clock.advance(1)
    }
    await clock.advance(2000)
    expect(clock.pendingTimers).toBe(0)
    watch.begin()
    watch.close()
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('OffsetTracker', () => {
  const message = (offset: number) => ({ offset: BigInt(offset) }) as Message

  it('L15 names the oldest unfinished message, in whatever order the others finish', () => {
    const tracker = new OffsetTracker()
    const handedOut = [0, 1, 2, 3, 4].map((offset) => tracker.begin(message(offset)))
    const finish = (index: number) => tracker.finish(handedOut[index] as HandedOut)
    for (const index of [3, 1, 4]) finish(index)
    expect(tracker.oldestUnfinished?.offset).toBe(0n)
    finish(0)
    expect(tracker.oldestUnfinished?.offset).toBe(2n)
    expect(tracker.pendingCount).toBe(3)
    finish(2)
    expect(tracker.oldestUnfinished).toBeUndefined()
  })

  it('stays small while one message after another is finished behind a long list', () => {
    const tracker = new OffsetTracker()
    const handedOut = Array.from({ length: 10_000 }, (_, i) => tracker.begin(message(i)))
    for (const one of handedOut.slice(0, -1)) tracker.finish(one)
    expect([tracker.pendingCount, tracker.oldestUnfinished?.offset]).toEqual([1, 9999n])
  })

  it('does not let messages from before a seek finish those after it', () => {
    const tracker = new OffsetTracker()
    const before = tracker.begin(message(7))
    tracker.clear()
    tracker.begin(message(3))
    tracker.finish(before)
    expect(tracker.oldestUnfinished?.offset).toBe(3n)
  })
})
