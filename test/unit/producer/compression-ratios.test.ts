// Guards against batches that hold a fraction of `batchSizeBytes` once compressed, and against estimates that let one grow past
// what a request or the memory takes.
import { CompressionRatio, CompressionRatios } from '../../../src/producer/compression-ratios'
import { codecNamed } from '../../../src/wire/records/compression/codecs'

const options = { batchSizeBytes: 16_384, maxRequestSizeBytes: 1_048_576, bufferMemoryBytes: 33_554_432 }
const gzip = codecNamed('gzip')
const lz4 = codecNamed('lz4')

function learnt(batches: number, compressedShare: number, given = options): CompressionRatio {
  const ratio = new CompressionRatio(given)
  for (let i = 0; i < batches; i++) ratio.learn(100_000, 100_000 * compressedShare)
  return ratio
}

describe('the estimate of a topic and codec', () => {
  test('a batch is taken for incompressible until one was compressed', () => {
    expect(new CompressionRatio(options).fullBytes).toBe(16_384)
  })

  test('gets better by half a percent a batch, down to what was seen, and worse by five at once', () => {
    const ratio = learnt(10, 0.5)
    expect(ratio.estimate).toBeCloseTo(0.95)
    for (let i = 0; i < 200; i++) ratio.learn(50_000, 25_000)
    expect(ratio.estimate).toBe(0.5)
    ratio.learn(50_000, 26_000)
    expect(ratio.estimate).toBeCloseTo(0.55)
    ratio.learn(50_000, 45_000)
    expect(ratio.estimate).toBe(0.9)
  })

  test('a batch is full when about batchSizeBytes are left of it, with five percent to spare', () => {
    const { fullBytes } = learnt(500, 0.25)
    expect(fullBytes * 0.25).toBeGreaterThan(0.93 * 16_384)
    expect(fullBytes * 0.25).toBeLessThan(0.97 * 16_384)
  })

  test('records that grow when they are compressed make no batch smaller', () => {
    expect(learnt(500, 1.2).fullBytes).toBe(16_384)
  })

  test('no batch grows past what a request takes uncompressed, or a sixteenth of the memory', () => {
    expect(learnt(500, 0.001).fullBytes).toBe(1_048_576)
    expect(learnt(500, 0.001, { ...options, bufferMemoryBytes: 1_600_000 }).fullBytes).toBe(100_000)
    expect(learnt(500, 0.001, { ...options, bufferMemoryBytes: 20_000 }).fullBytes).toBe(16_384)
    expect(learnt(500, 0.5, { ...options, maxRequestSizeBytes: 1000 }).fullBytes).toBe(1000)
  })

  test('small batches, which compress worse, say nothing', () => {
    const ratio = learnt(500, 0.25)
    ratio.learn(8_000, 7_900)
    expect(ratio.estimate).toBe(0.25)
  })

  test('P9: after a broker found a batch too large, batches are as large as without compression', () => {
    const ratio = learnt(500, 0.25)
    ratio.distrust()
    expect(ratio.fullBytes).toBe(16_384)
    ratio.learn(16_384, 4096)
    expect(ratio.estimate).toBe(0.995)
  })
})

describe('the estimates of a producer', () => {
  test('are kept by topic and codec; without a codec there is nothing to learn', () => {
    const ratios = new CompressionRatios(options)
    expect(ratios.of('a', gzip)).toBe(ratios.of('a', gzip))
    expect(ratios.of('a', gzip)).not.toBe(ratios.of('a', lz4))
    expect(ratios.of('a', gzip)).not.toBe(ratios.of('b', gzip))
    expect(ratios.of('a', undefined)).toBe(ratios.of('b', undefined))
  })
})
