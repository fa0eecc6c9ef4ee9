// Guards against a broker that eats all memory, or that counts bytes it no longer holds.
import type { Logger } from '../../../../src/base/logger'
import { silentLogger } from '../../../../src/base/logger'
import { MemoryBudget } from '../../../../src/testing/log/memory-budget'
import { FakeClock } from '../../support/fake-clock'
import { codeOf, LogFixture } from '../support/log-fixture'

function withLines(maxBytes?: number) {
  const lines: string[] = []
  const clock = new FakeClock()
  const logger: Logger = { ...silentLogger, error: (message) => void lines.push(message) }
  return { lines, clock, budget: new MemoryBudget({ clock, logger }, maxBytes) }
}

describe('the budget of memory', () => {
  it('refuses what does not fit, and says so at most once a second', async () => {
    const { lines, clock, budget } = withLines(100)
    expect(budget.reserve(100)).toBe(true)
    expect(budget.reserve(1)).toBe(false)
    await clock.advance(999)
    expect(budget.reserve(1)).toBe(false)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('KAFKA_STORAGE_ERROR')
    expect(lines[0]).toContain('maxBytes')
    await clock.advance(1)
    budget.reserve(1)
    expect(lines).toHaveLength(2)
    budget.release(40)
    expect(budget.reserve(40)).toBe(true)
  })

  it('is 256 MiB when nothing is said, and no nonsense', () => {
    expect(withLines().budget.maxBytes).toBe(268_435_456)
    for (const maxBytes of [0, -1, 1.5, NaN]) expect(codeOf(() => withLines(maxBytes))).toBe('INVALID_OPTION')
  })
})

describe('a log', () => {
  it('answers KAFKA_STORAGE_ERROR when memory is full, and goes on when there is room again', () => {
    const fixture = new LogFixture({}, withLines(200).budget)
    const identity = { producerId: 7n, producerEpoch: 0 }
    fixture.append(['x'.repeat(50)], { ...identity, baseSequence: 0 })
    const next = () => fixture.append(['x'.repeat(50)], { ...identity, baseSequence: 1 })
    expect(codeOf(next)).toBe('KAFKA_STORAGE_ERROR')
    expect(fixture.log.endOffset).toBe(1n)
    fixture.log.advanceStart(1n)
    expect(fixture.budget.usedBytes).toBe(0)
    expect(next()).toMatchObject({ isDuplicate: false, baseOffset: 1n })
  })

  it('pays once for batches that replicas share, until the last of them lets go', () => {
    const fixture = new LogFixture()
    const followers = [fixture.createLog(), fixture.createLog()]
    for (let i = 0; i < 3; i++) {
      const { stored } = fixture.append(['x'])
      for (const follower of followers) follower.replicate(stored)
    }
    const bytes = fixture.log.sizeInBytes
    expect(fixture.budget.usedBytes).toBe(bytes)
    fixture.log.advanceStart(3n)
    expect(fixture.budget.usedBytes).toBe(bytes)
    followers[0]?.truncateTo(0n)
    expect(fixture.budget.usedBytes).toBe(bytes)
    followers[1]?.truncateTo(1n)
    expect(fixture.budget.usedBytes).toBe(bytes / 3)
    followers[1]?.truncateTo(0n)
    expect(fixture.budget.usedBytes).toBe(0)
  })
})
