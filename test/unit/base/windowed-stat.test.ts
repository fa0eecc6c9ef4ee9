// Guards the figures operators look at: a window must forget, and never divide by nothing.
import { WindowedStat } from '../../../src/base/windowed-stat'

describe('a windowed stat', () => {
  test('is 0 before anything was measured', () => {
    expect(new WindowedStat(5).read(5)).toEqual({ avg: 0, max: 0, rate: 0, frequency: 0 })
  })

  test('gives average, maximum and rate of what it was given', () => {
    const stat = new WindowedStat(0)
    stat.add(10, 1000)
    stat.add(30, 9000)
    expect(stat.read(10_000)).toEqual({ avg: 20, max: 30, rate: 4, frequency: 0.2 })
  })

  test('does not take the first moment for a second', () => {
    const stat = new WindowedStat(0)
    stat.add(10, 1)
    expect(stat.read(1).rate).toBe(10)
  })

  test('keeps the older half of its window, then forgets it', () => {
    const stat = new WindowedStat(0)
    stat.add(100, 0)
    stat.add(2, 30_000)
    expect(stat.read(59_999)).toMatchObject({ avg: 51, max: 100 })
    expect(stat.read(60_000)).toMatchObject({ avg: 2, max: 2 })
    expect(stat.read(60_000).rate).toBeCloseTo(2 / 30)
  })

  test('forgets everything after a long silence', () => {
    const stat = new WindowedStat(0)
    stat.add(100, 0)
    expect(stat.read(60_000)).toEqual({ avg: 0, max: 0, rate: 0, frequency: 0 })
    stat.add(3, 500_000)
    expect(stat.read(500_000)).toEqual({ avg: 3, max: 3, rate: 3, frequency: 1 })
  })
})
