// Guards against replicas that disagree: leader epochs, truncation, and what follows from the batches that remain.
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import { LeaderEpochs } from '../../../../src/testing/log/leader-epochs'
import type { MemoryLog } from '../../../../src/testing/log/memory-log'
import { codeOf, contentOf, LogFixture } from '../support/log-fixture'

describe('leader epochs', () => {
  function epochs(...starts: [number, bigint][]): LeaderEpochs {
    const result = new LeaderEpochs()
    for (const [epoch, offset] of starts) result.assign(epoch, offset)
    return result
  }

  it('end where the next one begins, the last one where the log does', () => {
    const known = epochs([2, 0n], [4, 10n], [7, 20n])
    expect(known.endOffsetOf(7, 30n)).toEqual({ leaderEpoch: 7, endOffset: 30n })
    expect(known.endOffsetOf(4, 30n)).toEqual({ leaderEpoch: 4, endOffset: 20n })
    expect(known.endOffsetOf(5, 30n)).toEqual({ leaderEpoch: 4, endOffset: 20n })
    expect(known.endOffsetOf(2, 30n)).toEqual({ leaderEpoch: 2, endOffset: 10n })
  })

  it('older than all that are known end where those begin; later ones and none are unknown', () => {
    const known = epochs([2, 5n], [4, 10n])
    expect(known.endOffsetOf(1, 30n)).toEqual({ leaderEpoch: 1, endOffset: 5n })
    expect(known.endOffsetOf(5, 30n)).toEqual({ leaderEpoch: -1, endOffset: -1n })
    expect(known.endOffsetOf(-1, 30n)).toEqual({ leaderEpoch: -1, endOffset: -1n })
    expect(epochs().endOffsetOf(0, 0n)).toEqual({ leaderEpoch: -1, endOffset: -1n })
  })

  it('without a record leave no trace once another begins', () => {
    const known = epochs([1, 0n], [2, 10n], [3, 10n])
    expect(known.endOffsetOf(2, 12n)).toEqual({ leaderEpoch: 1, endOffset: 10n })
    expect(known.latest).toBe(3)
  })

  it('are cut off with the records at either end', () => {
    const known = epochs([1, 0n], [2, 10n], [3, 20n])
    known.truncateFromEnd(20n)
    expect(known.latest).toBe(2)
    known.truncateFromStart(15n)
    expect(known.endOffsetOf(1, 18n)).toEqual({ leaderEpoch: 1, endOffset: 15n })
    expect(known.endOffsetOf(2, 18n)).toEqual({ leaderEpoch: 2, endOffset: 18n })
  })
})

describe('a follower', () => {
  it('shares the batches of its leader, and knows all the leader knows', () => {
    const fixture = new LogFixture()
    const follower = fixture.createLog()
    const parts = { producerId: 7n, producerEpoch: 0, isTransactional: true }
    follower.replicate(fixture.append(['a'], { ...parts, baseSequence: 0 }, 3).stored)
    follower.replicate(fixture.marker(7n, 0, false).stored)
    follower.replicate(fixture.append(['b'], { ...parts, baseSequence: 1 }, 4).stored)
    expect(stateOf(follower)).toEqual(stateOf(fixture.log))
    expect(follower.batches[0]).toBe(fixture.log.batches[0])
    expect(fixture.budget.usedBytes).toBe(fixture.log.sizeInBytes)
  })

  it('takes no batch twice', () => {
    const fixture = new LogFixture()
    const follower = fixture.createLog()
    const { stored } = fixture.append(['a', 'b'])
    follower.replicate(stored)
    expect(codeOf(() => follower.replicate(stored))).toBe('INVALID_ARGUMENT')
    expect(contentOf(follower)).toEqual(['0:=a', '1:=b'])
  })

  it('takes the batch whose first records were deleted', () => {
    const fixture = new LogFixture()
    const follower = fixture.createLog()
    const { stored } = fixture.append(['a', 'b', 'c'])
    follower.advanceStart(1n)
    follower.replicate(stored)
    expect(follower).toMatchObject({ startOffset: 1n, endOffset: 3n })
  })

  it('forgets with truncated batches what they said of producers and transactions', () => {
    const fixture = new LogFixture()
    const { log } = fixture
    const parts = { producerId: 7n, producerEpoch: 0, isTransactional: true }
    fixture.append(['a'], { ...parts, baseSequence: 0 })
    const before = stateOf(log)
    fixture.append(['b'], { ...parts, baseSequence: 1 }, 1)
    fixture.marker(7n, 0, false)
    log.truncateTo(1n)
    expect(stateOf(log)).toEqual(before)
    expect(log.latestEpoch).toBe(0)
    expect(codeOf(() => fixture.append(['b'], { ...parts, baseSequence: 1 }))).toBe('NONE')
  })
})

it('a log that was truncated says the same as one that never had more, whatever was written and deleted before', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed)
    const fixture = new LogFixture()
    const { log } = fixture
    const twin = fixture.createLog()
    const sequences = new Map<bigint, number>()
    const open = new Set<bigint>()
    const cut = 10 + Math.floor(random() * 40)
    let cutOffset = 0n
    for (let step = 0; step < 60; step++) {
      const producerId = BigInt(Math.floor(random() * 4))
      const roll = random()
      let stored
      if (roll < 0.2 && open.has(producerId)) {
        stored = fixture.marker(producerId, 0, random() < 0.5).stored
        open.delete(producerId)
      } else {
        const baseSequence = sequences.get(producerId) ?? 0
        const identity = { producerId, producerEpoch: 0, baseSequence, isTransactional: producerId < 2n }
        stored = fixture.append(['x', 'y'], identity, Math.floor(step / 9)).stored
        sequences.set(producerId, baseSequence + 2)
        if (producerId < 2n) open.add(producerId)
      }
      if (step < cut) twin.replicate(stored)
      if (step === cut - 1) cutOffset = log.endOffset
      if (step === Math.floor(cut / 2)) {
        const start = BigInt(Math.floor(random() * Number(log.endOffset)))
        log.advanceStart(start)
        twin.advanceStart(start)
      }
    }
    log.truncateTo(cutOffset)
    expect({ seed, ...stateOf(log) }).toEqual({ seed, ...stateOf(twin) })
    log.truncateTo(0n)
    twin.truncateTo(0n)
    expect(fixture.budget.usedBytes).toBe(0)
  }
})

function stateOf(log: MemoryLog) {
  const end = log.endOffset
  return {
    start: log.startOffset,
    end,
    size: log.sizeInBytes,
    content: contentOf(log),
    producers: log.activeProducers(),
    aborted: log.abortedTransactions(log.startOffset, end),
    unstable: log.firstUnstableOffset,
    stable: log.lastStableOffset(end),
    epochs: [0, 1, 2, 3, 4, 5, 6].map((epoch) => log.endOffsetForEpoch(epoch)),
  }
}
