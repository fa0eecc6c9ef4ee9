// Guards what KafkaJS's config of connections means to our own client: each key, its default, and values that are odd.
import { coreOptions, requestTimeoutOf } from '../../../src/kafkajs/client/core-options'
import { createLogger } from '../../../src/kafkajs/client/logger'
import { defaultRetry } from '../../../src/kafkajs/client/retry'
import { logLevel } from '../../../src/kafkajs/enums'
import type { KafkaConfig } from '../../../src/kafkajs/types/config'
import { resolveClusterOptions } from '../../../src/cluster/cluster-options'

const logger = createLogger(logLevel.NOTHING, () => () => {})
const maxTimerMs = 2_147_483_647

function optionsOf(config: Partial<KafkaConfig> = {}, settings: object = {}) {
  const given = { brokers: ['a:1'], ...config }
  return coreOptions(given, { retry: defaultRetry, logger, events: {}, ...settings }, ['a:1', 'b:2'])
}

test('2: defaults', () => {
  expect(optionsOf()).toEqual({
    brokers: ['a:1', 'b:2'],
    clientId: 'kafkajs',
    tls: false,
    sasl: undefined,
    authenticationTimeoutMs: 10_000,
    reauthenticationThresholdMs: 10_000,
    requestTimeoutMs: 30_000,
    // KafkaJS has 1,000, too short for brokers that are far away.
    connectionSetupTimeoutMs: 10_000,
    connectionSetupTimeoutMaxMs: 10_000,
    metadataMaxAgeMs: 300_000,
    retryBackoffMs: 300,
    retryBackoffMaxMs: 30_000,
    maxInFlightRequestsPerConnection: undefined,
    logger,
    events: {},
    codecs: expect.anything() as object,
  })
})

test('2: every key is passed on', () => {
  const options = optionsOf(
    {
      clientId: 'mine',
      connectionTimeout: 1500,
      authenticationTimeout: 2500,
      reauthenticationThreshold: 3500,
      requestTimeout: 4500,
    },
    { metadataMaxAge: 5500, maxInFlightRequests: 2 },
  )
  expect(options).toMatchObject({
    clientId: 'mine',
    connectionSetupTimeoutMs: 1500,
    connectionSetupTimeoutMaxMs: 1500,
    authenticationTimeoutMs: 2500,
    reauthenticationThresholdMs: 3500,
    requestTimeoutMs: 4500,
    metadataMaxAgeMs: 5500,
    maxInFlightRequestsPerConnection: 2,
  })
})

test('2: our own client takes them, odd ones too', () => {
  const odd = [
    {},
    { connectionTimeout: 0.5, authenticationTimeout: 0, reauthenticationThreshold: 0, requestTimeout: 1.5 },
    { connectionTimeout: Infinity, authenticationTimeout: Infinity, requestTimeout: Infinity },
    { connectionTimeout: 100_000 },
  ]
  for (const config of odd) expect(() => resolveClusterOptions(optionsOf(config))).not.toThrow()
  for (const maxInFlightRequests of [null, undefined, 0, -1, 1.5, Infinity, NaN]) {
    expect(() => resolveClusterOptions(optionsOf({}, { maxInFlightRequests }))).not.toThrow()
  }
})

test.each([
  [null, undefined],
  [undefined, undefined],
  [0, undefined],
  [Infinity, undefined],
  [1, 1],
  [1.5, 2],
])('3, 4 maxInFlightRequests %s: %s', (maxInFlightRequests, expected) => {
  expect(optionsOf({}, { maxInFlightRequests }).maxInFlightRequestsPerConnection).toBe(expected)
})

test('2 enforceRequestTimeout false: no limit that a timer could reach', () => {
  const config = { brokers: ['a:1'], requestTimeout: 5, enforceRequestTimeout: false }
  expect(requestTimeoutOf(config)).toBe(maxTimerMs)
  expect(requestTimeoutOf({ ...config, enforceRequestTimeout: true })).toBe(5)
  expect(requestTimeoutOf({ brokers: ['a:1'] })).toBe(30_000)
})

test.each([
  [undefined, false],
  [null, false],
  [false, false],
  [true, true],
  ['yes', true],
  [{}, {}],
  [
    { ca: 'x', servername: 'n', rejectUnauthorized: false },
    { ca: 'x', servername: 'n', rejectUnauthorized: false },
  ],
  [{ minVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.2' }],
  [{ minVersion: 'TLSv1.1', passphrase: undefined }, {}],
  [{ host: 'elsewhere', port: 1, lookup: () => {} }, {}],
])('2 ssl %j', (ssl, tls) => {
  const options = optionsOf({ ssl: ssl as never })
  expect(options.tls).toEqual(tls)
  expect(options.socketFactory).toBeUndefined()
})

test('9.6: a socketFactory speaks TLS by itself', () => {
  const options = optionsOf({ ssl: true, socketFactory: (() => {}) as never })
  expect(options.tls).toBe(false)
  expect(typeof options.socketFactory).toBe('function')
})

test('2: a function of brokers is passed on: its first answer is used, then it is asked again', async () => {
  let calls = 0
  const options = coreOptions(
    { brokers: () => [`again:${++calls}`] },
    { retry: defaultRetry, logger, events: {} },
    ['first:1'],
  )
  const ask = options.brokers as () => Promise<string[]>
  expect([await ask(), await ask(), await ask()]).toEqual([['first:1'], ['again:1'], ['again:2']])
})
