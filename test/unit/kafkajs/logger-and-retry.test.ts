// Guards the lines that log pipelines parse, the environment's say, and how long and how often is tried again.
import { consoleLogCreator, createLogger } from '../../../src/kafkajs/client/logger'
import {
  defaultRetry,
  finalError,
  isRetriable,
  resolveRetry,
  RetryPauses,
  totalPauseMs,
  withRetries,
} from '../../../src/kafkajs/client/retry'
import { logLevel } from '../../../src/kafkajs/enums'
import { KafkaJSError, KafkaJSNonRetriableError } from '../../../src/kafkajs/errors/kafkajs-error'
import type { LogEntry } from '../../../src/kafkajs/types/logger'
import { rejectionOf } from '../../support/rejection'

afterEach(() => {
  delete process.env['KAFKAJS_LOG_LEVEL']
  jest.restoreAllMocks()
})

function collected(level: logLevel) {
  const entries: LogEntry[] = []
  const levels: logLevel[] = []
  const logger = createLogger(level, (given) => {
    levels.push(given)
    return (entry) => void entries.push(entry)
  })
  return { logger, entries, levels }
}

describe('9.4 logging', () => {
  test('9.4: an entry has namespace, level, label and the log with its details', () => {
    const { logger, entries, levels } = collected(logLevel.DEBUG)
    logger.namespace('Producer').info('text', { extra: 1 })
    expect(levels).toEqual([logLevel.DEBUG])
    expect(entries).toEqual([
      {
        namespace: 'Producer',
        level: 4,
        label: 'INFO',
        log: { timestamp: expect.any(String) as string, logger: 'kafkajs', message: 'text', extra: 1 },
      },
    ])
    expect(new Date(String(entries[0]?.log.timestamp)).toISOString()).toBe(entries[0]?.log.timestamp)
  })

  test('9.4: levels below the one in effect are silent; setLogLevel changes it for all namespaces', () => {
    const { logger, entries } = collected(logLevel.WARN)
    const namespace = logger.namespace('A').namespace('B')
    for (const level of ['debug', 'info', 'warn', 'error'] as const) namespace[level](level)
    expect(entries.map(({ namespace: name, log }) => [name, log.message])).toEqual([
      ['B', 'warn'],
      ['B', 'error'],
    ])
    logger.setLogLevel(logLevel.NOTHING)
    namespace.error('silent')
    expect(entries).toHaveLength(2)
  })

  test('9.4: a namespace may have a level of its own', () => {
    const { logger, entries } = collected(logLevel.NOTHING)
    logger.namespace('A', logLevel.ERROR).error('loud')
    expect(entries).toHaveLength(1)
  })

  test('2, 9.4: the environment counts before the config', () => {
    process.env['KAFKAJS_LOG_LEVEL'] = 'error'
    const { logger, entries, levels } = collected(logLevel.DEBUG)
    logger.warn('silent')
    logger.error('loud')
    expect(levels).toEqual([logLevel.ERROR])
    expect(entries).toHaveLength(1)
  })

  test.each([
    ['error', logLevel.ERROR, 'ERROR'],
    ['warn', logLevel.WARN, 'WARN'],
    ['info', logLevel.INFO, 'INFO'],
    ['log', logLevel.DEBUG, 'DEBUG'],
  ] as const)('9.4: by default console.%s gets one line of JSON', (method, level, label) => {
    const lines: string[] = []
    jest.spyOn(console, method).mockImplementation((...args: unknown[]) => void lines.push(String(args[0])))
    const log = { timestamp: 't', logger: 'kafkajs', message: 'text', extra: 1 }
    consoleLogCreator(level)({ namespace: 'Runner', level, label, log })
    expect(lines).toEqual([
      `{"level":"${label}","timestamp":"t","logger":"kafkajs","message":"[Runner] text","extra":1}`,
    ])
  })
})

describe('6 retry', () => {
  test('6, 13.16: the defaults, also in tests', () => {
    expect(process.env['NODE_ENV']).toBe('test')
    expect(defaultRetry).toEqual({
      maxRetryTime: 30_000,
      initialRetryTime: 300,
      factor: 0.2,
      multiplier: 2,
      retries: 5,
    })
  })

  test("6, 13.4: the client's settings count before the Kafka object's, key by key", () => {
    expect(resolveRetry({ retries: 9, factor: 0 }, { factor: 0.5 })).toMatchObject({
      retries: 9,
      factor: 0.5,
    })
  })

  test('6: pauses double from the first to the longest, spread by chance', () => {
    const pauses = new RetryPauses({ ...defaultRetry, factor: 0, maxRetryTime: 1000 })
    expect(Array.from({ length: 4 }, () => pauses.take())).toEqual([300, 600, 1000, 1000])
    for (let i = 0; i < 100; i++) {
      const first = new RetryPauses(defaultRetry).take()
      expect(first).toBeGreaterThanOrEqual(240)
      expect(first).toBeLessThanOrEqual(360)
    }
    expect(totalPauseMs(defaultRetry)).toBe(9300)
  })

  test('6: retries counts repetitions; then KafkaJSNumberOfRetriesExceeded with the last failure', async () => {
    const failure = new KafkaJSError('no')
    const paused: number[] = []
    let attempts = 0
    const error = await rejectionOf(
      withRetries(
        { ...defaultRetry, factor: 0, retries: 2 },
        async () => {
          attempts++
          throw failure
        },
        async (ms) => void paused.push(ms),
      ),
    )
    expect([attempts, paused]).toEqual([3, [300, 600]])
    expect(error).toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      retryCount: 2,
      retryTime: 1200,
      cause: failure,
    })
  })

  test('6: what may not be tried again is not', async () => {
    const failure = new KafkaJSNonRetriableError('no')
    let attempts = 0
    const error = await rejectionOf(
      withRetries(defaultRetry, async () => {
        attempts++
        throw failure
      }),
    )
    expect(attempts).toBe(1)
    expect(error).toBe(failure)
    expect(finalError(failure, 0, 0)).toMatchObject({ name: 'KafkaJSNonRetriableError', cause: failure })
  })

  test('4, 6: mistakes of the program are not tried again, everything else is unless it says otherwise', () => {
    for (const name of ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']) {
      expect(isRetriable({ name })).toBe(false)
    }
    expect(isRetriable({ name: 'Error' })).toBe(true)
    expect(isRetriable({ retriable: false })).toBe(false)
  })
})
