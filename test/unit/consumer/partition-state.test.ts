// Guards the life of a partition: nothing is handed out or committed for it in a phase in which it must not be, and what
// belongs to an earlier position or an earlier life of it is recognised.
import { KafkaError } from '../../../src/base/errors'
import { FetchMemory } from '../../../src/consumer/fetch/fetch-memory'
import { PartitionState } from '../../../src/consumer/partition-state'
import type { Message } from '../../../src/message/message'
import { rawTopic } from '../../../src/serde/topic'

function created(): PartitionState {
  return new PartitionState(rawTopic('t'), 0, {
    memory: new FetchMemory(1_000_000),
    checkCrcs: true,
    readCommitted: false,
    onReady: () => {},
  })
}

function fetching(offset = 5n): PartitionState {
  const state = created()
  state.locate(undefined)
  state.startAt(offset, 3)
  return state
}

const message = (offset: number) => ({ offset: BigInt(offset), leaderEpoch: 3 }) as Message
const failure = new KafkaError('REFUSED', 'no')

describe('phases', () => {
  it('F1 L13: nothing is handed out or committed before the position is known', () => {
    const state = created()
    expect([state.phase, state.isOwned, state.isDeliverable]).toEqual(['assigned', true, false])
    state.locate(undefined)
    expect([state.phase, state.isDeliverable, state.committable()]).toEqual(['locating', false, undefined])
    state.startAt(5n, 3)
    expect([state.phase, state.isDeliverable]).toEqual(['fetching', true])
    expect(state.committable()).toEqual({ offset: 5n, leaderEpoch: 3, metadata: '' })
  })

  it('F1 C7: a partition that failed stays where it is, and commits what is finished', () => {
    const state = fetching()
    state.fail(failure)
    expect([state.phase, state.isDeliverable, state.failure]).toEqual(['failed', false, failure])
    expect(state.committable()?.offset).toBe(5n)
    state.retry()
    expect([state.phase, state.failure, state.fetchOffset]).toEqual(['fetching', undefined, 5n])
  })

  it('F1: one that failed before its position was known is looked up again, by what it was to be found from', () => {
    const state = created()
    state.locate({ kind: 'latest' })
    state.fail(failure)
    expect(state.committable()).toBeUndefined()
    state.retry()
    expect([state.phase, state.query]).toEqual(['locating', { kind: 'latest' }])
  })

  it('F1 L14: one that is being revoked hands out nothing, can be committed, and takes no other place', () => {
    const state = fetching()
    state.beginRevoke()
    state.locate(undefined)
    state.startAt(9n, 3)
    state.fail(failure)
    expect([state.phase, state.isOwned, state.isDeliverable]).toEqual(['revoking', false, false])
    expect(state.committable()?.offset).toBe(5n)
    state.end()
    expect([state.phase, state.committable()]).toEqual(['revoked', undefined])
  })
})

describe('tokens', () => {
  it.each<[string, (state: PartitionState) => void]>([
    ['a seek', (state) => state.locate({ kind: 'earliest' })],
    ['a position', (state) => state.startAt(9n, 3)],
    ['an error', (state) => state.fail(failure)],
    ['another broker to be asked', (state) => state.abandonFetch()],
    ['a gap', (state) => state.passTo(9n)],
    ['the end', (state) => state.end()],
  ])('F3: %s makes answers that were asked for before worthless', (_, change) => {
    const state = fetching()
    const { token } = state
    state.markInFlight()
    expect(state.isInFlight).toBe(true)
    change(state)
    expect(state.token).not.toBe(token)
    expect(state.isInFlight).toBe(false)
  })

  it('F3 C5: messages that were handed out count no longer after a seek; another broker to be asked changes nothing for them', () => {
    const state = fetching()
    const { positionToken } = state
    state.abandonFetch()
    expect(state.positionToken).toBe(positionToken)
    state.startAt(5n, 3)
    expect(state.positionToken).not.toBe(positionToken)
  })
})

describe('what is finished', () => {
  it('L15 K3: what may be committed is the oldest unfinished message, not the position', () => {
    const state = fetching(0n)
    const handedOut = [0, 1, 2].map((offset) => state.tracker.begin(message(offset)))
    state.passTo(3n)
    expect(state.committable()?.offset).toBe(0n)
    for (const one of handedOut) state.tracker.finish(one)
    expect(state.committable()?.offset).toBe(3n)
  })

  it('G10 L15: once handlers were told that their results count no longer, they move nothing', () => {
    const state = fetching(0n)
    const [first, second] = [state.tracker.begin(message(0)), state.tracker.begin(message(1))]
    state.passTo(2n)
    state.tracker.finish(first)
    state.abortHandlers()
    expect(state.signal.aborted).toBe(true)
    state.tracker.finish(second)
    expect(state.committable()?.offset).toBe(1n)
    state.beginRevoke()
    state.abortHandlers()
    expect(state.committable()?.offset).toBe(1n)
  })

  it('G10: reading that goes on after that begins at what was not finished', () => {
    const state = fetching(0n)
    const handedOut = state.tracker.begin(message(0))
    state.passTo(1n)
    state.abortHandlers()
    state.tracker.finish(handedOut)
    state.rewind()
    expect(state.fetchOffset).toBe(0n)
    expect(state.committable()?.offset).toBe(0n)
  })

  it('a run that ends goes back to the oldest message that was not finished', () => {
    const state = fetching(0n)
    state.tracker.begin(message(0))
    state.passTo(1n)
    state.rewind()
    expect([state.phase, state.fetchOffset, state.tracker.pendingCount]).toEqual(['fetching', 0n, 0])
  })
})

describe('handlers', () => {
  it('L14: who waits is told when the last of them has ended; the end of the partition tells those that still run', async () => {
    const state = fetching()
    await state.whenIdle()
    state.enter()
    state.enter()
    let isIdle = false
    const waiting = state.whenIdle().then(() => (isIdle = true))
    state.leave()
    await Promise.resolve()
    expect([isIdle, state.isIdle]).toEqual([false, false])
    state.end()
    expect(state.isAborted).toBe(true)
    state.leave()
    await waiting
    expect(state.isIdle).toBe(true)
  })

  it('the end of a partition without handlers fires no signal', () => {
    const state = fetching()
    state.end()
    expect(state.isAborted).toBe(false)
  })
})
