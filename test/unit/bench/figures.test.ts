// Guards against: medians and ranges that are not those of the rounds, in every table that the bench prints.
import { figureFormats, spreadOf, summarize } from '../../../bench/figures'

test('the median of an odd number of rounds is the one in the middle, whatever their order', () => {
  expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 })
})

test('the median of an even number of rounds is the mean of the two in the middle', () => {
  expect(spreadOf([40, 10, 20, 30])).toEqual({ median: 25, min: 10, max: 40 })
})

test('figures keep four digits, large and small', () => {
  expect(spreadOf([1_234_567])).toEqual({ median: 1_235_000, min: 1_235_000, max: 1_235_000 })
  expect(spreadOf([0.123456]).median).toBe(0.1235)
})

test('every figure of a run is summarized by itself', () => {
  expect(
    summarize([
      { perSecond: 10, cpuMicros: 3 },
      { perSecond: 30, cpuMicros: 1 },
      { perSecond: 20, cpuMicros: 2 },
    ]),
  ).toEqual({ perSecond: { median: 20, min: 10, max: 30 }, cpuMicros: { median: 2, min: 1, max: 3 } })
})

test('more is better for throughput alone', () => {
  expect(figureFormats.filter(({ better }) => better === 'more').map(({ name }) => name)).toEqual([
    'perSecond',
  ])
})
