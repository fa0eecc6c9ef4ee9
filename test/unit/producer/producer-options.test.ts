// Guards against options that are silently wrong: each contradiction must be named, each default be what is documented.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InvalidOptionError } from '../../../src/base/errors'
import { type ProducerOptions, resolveProducerOptions } from '../../../src/producer/producer-options'

function problemsOf(options: object): readonly string[] {
  try {
    resolveProducerOptions(options as ProducerOptions)
  } catch (error) {
    if (error instanceof InvalidOptionError) return error.problems
    throw error
  }
  return []
}

describe('producer options', () => {
  test('the defaults are the safe ones', () => {
    const options = resolveProducerOptions({})
    expect(options).toEqual({
      acks: -1,
      idempotent: true,
      compression: { type: 'none', level: undefined },
      lingerMs: 0,
      batchSizeBytes: 131_072,
      maxRequestSizeBytes: 1_048_576,
      bufferMemoryBytes: 33_554_432,
      maxBlockMs: 60_000,
      deliveryTimeoutMs: 120_000,
      requestTimeoutMs: 30_000,
      retries: Infinity,
      transactionalId: undefined,
      transactionTimeoutMs: 60_000,
      maxInFlightRequestsPerConnection: 5,
      partitioner: 'default',
      partitionerAdaptive: true,
      partitionerAvailabilityTimeoutMs: 0,
      partitionerIgnoreKeys: false,
      interceptors: [],
      allowAutoTopicCreation: true,
    })
    expect(Object.isFrozen(options)).toBe(true)
  })

  test('every option is documented with its Java name and in the guide, and every documented option exists', () => {
    const source = readFileSync(join(__dirname, '../../../src/producer/producer-options.ts'), 'utf8')
    const declared = source.slice(
      source.indexOf('export interface ProducerOptions'),
      source.indexOf('/** The options as'),
    )
    const names = [...declared.matchAll(/^ {2}readonly (\w+)\?/gm)].map((match) => match[1])
    expect(names.sort()).toEqual(Object.keys(resolveProducerOptions({})).sort())
    const guide = readFileSync(join(__dirname, '../../../docs/producing.md'), 'utf8')
    const listed = [...guide.slice(guide.indexOf('## Options')).matchAll(/^\| `(\w+)` /gm)].map(
      (match) => match[1],
    )
    expect(listed.sort()).toEqual(names)
  })

  test('acks other than all turn idempotence off, unless it was asked for', () => {
    expect(resolveProducerOptions({ acks: 1 }).idempotent).toBe(false)
    expect(resolveProducerOptions({ acks: 'all' })).toMatchObject({ acks: -1, idempotent: true })
    expect(problemsOf({ acks: 0, idempotent: true })).toEqual([
      expect.stringContaining("idempotence needs acks 'all'"),
    ])
  })

  test('a partitioner is a name, a function or an object with a method; an interceptor has a hook', () => {
    for (const partitioner of ['round-robin', 'kafkajs-legacy', () => 0, { partition: () => 0 }] as const) {
      expect(resolveProducerOptions({ partitioner }).partitioner).toBe(partitioner)
    }
    for (const partitioner of ['random', {}, { partition: 1 }, null]) {
      expect(problemsOf({ partitioner })).toEqual([expect.stringContaining("'round-robin'")])
    }
    expect(problemsOf({ partitioner: () => 0, partitionerIgnoreKeys: true })).toHaveLength(1)
    expect(problemsOf({ interceptors: [{ onSend() {} }, { onError() {} }] })).toEqual([])
    expect(problemsOf({ interceptors: [{}] })).toEqual([expect.stringContaining('interceptors.0')])
    expect(problemsOf({ interceptors: [{ onSend: 'x' }] })).toHaveLength(1)
    expect(problemsOf({ interceptors: { onSend() {} } })).toHaveLength(1)
  })

  test('more than five requests in flight are refused with idempotence, allowed without', () => {
    expect(problemsOf({ maxInFlightRequestsPerConnection: 6 })).toHaveLength(1)
    expect(problemsOf({ maxInFlightRequestsPerConnection: 6, idempotent: false })).toEqual([])
  })

  test('a delivery timeout below linger and request timeout is refused when given, else raised', () => {
    expect(problemsOf({ deliveryTimeoutMs: 30_000, lingerMs: 1 })[0]).toContain('30001')
    expect(resolveProducerOptions({ lingerMs: 200_000 }).deliveryTimeoutMs).toBe(230_000)
    expect(resolveProducerOptions({}, 200_000)).toMatchObject({
      requestTimeoutMs: 200_000,
      deliveryTimeoutMs: 200_000,
    })
  })

  test('all problems are listed, unknown names with the nearest known one', () => {
    expect(problemsOf({ acks: 2, lingerMS: 5, batchSizeBytes: 0, compression: 'brotli' })).toEqual(
      expect.arrayContaining([
        expect.stringContaining("'acks' is 2"),
        expect.stringContaining("did you mean 'lingerMs'"),
        expect.stringContaining("'batchSizeBytes' is 0"),
        expect.stringContaining("'compression' is 'brotli'"),
      ]),
    )
  })

  test('levels of compression are checked against the codec', () => {
    expect(resolveProducerOptions({ compression: { type: 'gzip', level: 9 } }).compression).toEqual({
      type: 'gzip',
      level: 9,
    })
    expect(problemsOf({ compression: { type: 'gzip', level: 10 } })[0]).toContain('takes')
    expect(problemsOf({ compression: { type: 'none', level: 1 } })[0]).toContain('has no levels')
  })
})
