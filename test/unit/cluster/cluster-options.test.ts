// Guards the door: a wrong option must be named before anything is opened, and no secret may show (L21).
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { InvalidOptionError } from '../../../src/base/errors'
import { parseBootstrapAddress } from '../../../src/cluster/bootstrap-address'
import { resolveClusterOptions, type ClusterOptions } from '../../../src/cluster/cluster-options'

const brokers = ['localhost:9092']

function problems(options: unknown): string {
  try {
    resolveClusterOptions(options as ClusterOptions)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError)
    return (error as InvalidOptionError).message
  }
  throw new Error('The options were accepted')
}

test('fills in the defaults of the Java client', () => {
  expect(resolveClusterOptions({ brokers })).toMatchObject({
    brokers: [{ host: 'localhost', port: 9092 }],
    clientId: 'typed-kafka',
    tls: undefined,
    sasl: undefined,
    requestTimeoutMs: 30_000,
    connectionSetupTimeoutMs: 10_000,
    connectionSetupTimeoutMaxMs: 30_000,
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 1000,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1000,
    metadataMaxAgeMs: 300_000,
    connectionsMaxIdleMs: 540_000,
    maxResponseBytes: 104_857_600,
    maxInFlightRequestsPerConnection: Infinity,
    events: undefined,
  })
})

test('the result is frozen and the given object unchanged', () => {
  const given = { brokers, retryBackoffMs: 2000 }
  expect(Object.isFrozen(resolveClusterOptions(given))).toBe(true)
  expect(given).toEqual({ brokers, retryBackoffMs: 2000 })
})

test.each([
  ['a:1', { host: 'a', port: 1 }],
  [' kafka-1.example.org:65535 ', { host: 'kafka-1.example.org', port: 65_535 }],
  ['10.0.0.1:9092', { host: '10.0.0.1', port: 9092 }],
  ['[::1]:9092', { host: '::1', port: 9092 }],
])('reads the address %p', (text, expected) => {
  expect(parseBootstrapAddress(text)).toEqual(expected)
})

test.each([
  ['localhost', /a port is needed/],
  ['', /a port is needed/],
  [':9092', /a port is needed/],
  ['::1:9092', /in brackets/],
  ['kafka://a:1', /without 'kafka:\/\/'/],
  ['a:0', /port 0 is not between/],
  ['a:65536', /port 65536/],
  ['a b:1', /not a host name/],
])('says what is wrong with the address %p', (text, message) => {
  expect(parseBootstrapAddress(text)).toMatch(message)
  expect(problems({ brokers: [text] })).toContain(`option 'brokers.0' is '${text}'`)
})

test.each([
  [{}, /'brokers'/],
  [{ brokers: [] }, /at least one broker/],
  [{ brokers: 'localhost:9092' }, /'brokers'/],
  [{ brokers, clientid: 'x' }, /unknown option 'clientid', did you mean 'clientId'/],
  [{ brokers, requestTimeoutMs: 0 }, /'requestTimeoutMs' is 0: at least 1/],
  [{ brokers, retryBackoffMs: 1.5 }, /whole number/],
  [{ brokers, retryBackoffMs: 500, retryBackoffMaxMs: 100 }, /must not be above retryBackoffMaxMs \(100\)/],
  [{ brokers, reconnectBackoffMs: 500, reconnectBackoffMaxMs: 100 }, /reconnectBackoffMaxMs/],
  [{ brokers, connectionSetupTimeoutMs: 9, connectionSetupTimeoutMaxMs: 8 }, /connectionSetupTimeoutMaxMs/],
  [{ brokers, maxResponseBytes: 5 }, /at least 1024/],
  [{ brokers, maxInFlightRequestsPerConnection: 0 }, /at least 1 is needed/],
  [{ brokers, events: { requestAnswered: 1 } }, /'events.requestAnswered' is 1: a function is needed/],
  [{ brokers, events: { request: () => {} } }, /unknown option 'events.request'/],
  [{ brokers, tls: { certt: 'x' } }, /unknown option 'tls.certt'/],
  [{ brokers, tls: { cert: 'x' } }, /cert and key are needed together/],
  [{ brokers, sasl: { mechanism: 'MD5', username: 'u', password: 'p' } }, /'SCRAM-SHA-256'/],
  [{ brokers, sasl: { mechanism: 'PLAIN', username: '', password: 'p' } }, /user name is needed/],
  [{ brokers, sasl: { mechanism: 'PLAIN', username: 'u', password: 'p', tokenAuth: true } }, /not by PLAIN/],
  [
    { brokers, sasl: { mechanism: 'SCRAM-SHA-256', username: 'u', password: 'p', tokenAuth: 1 } },
    /true or false/,
  ],
  [{ brokers, logger: {} }, /debug, info, warn and error/],
])('refuses %j', (options, message) => {
  expect(problems(options)).toMatch(message)
})

test('lists all problems in one error', () => {
  const message = problems({ brokers: ['x'], clientId: 5, retries: 3 })
  for (const name of ['brokers.0', 'clientId', 'retries']) expect(message).toContain(name)
})

test('a base above the default maximum raises a maximum that was left out', () => {
  expect(resolveClusterOptions({ brokers, retryBackoffMs: 5000 }).retryBackoffMaxMs).toBe(5000)
})

test('takes a mechanism of the user for what it is', () => {
  const mechanism = { name: 'CUSTOM', start: () => ({ first: () => Buffer.alloc(0), next: () => undefined }) }
  expect(resolveClusterOptions({ brokers, sasl: mechanism }).sasl).toBe(mechanism)
})

test('L21: neither the resolved options nor the error of wrong ones show a secret', () => {
  const sasl = { mechanism: 'PLAIN', username: 'u', password: 'hidden!' } as const
  const tls = { key: 'hidden!', cert: 'public', passphrase: 'hidden!' }
  const resolved = resolveClusterOptions({ brokers, sasl, tls })
  expect(inspect(resolved, { depth: 9, showHidden: true }) + JSON.stringify(resolved)).not.toContain(
    'hidden!',
  )
  const wrong = problems({
    brokers,
    sasl: { ...sasl, password: ['hidden!'], mechanism: 'x' },
    tls: { ...tls, passphrase: { a: 'hidden!' } },
  })
  expect(wrong).not.toContain('hidden!')
})

test('the page on connecting has every public option', () => {
  const source = readFileSync('src/cluster/cluster-options.ts', 'utf8')
  const declared = /export interface ClusterOptions \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? ''
  const names = declared
    .split(/(?<=;|undefined\n|BrokersFunction\n)/)
    .filter((part) => !part.includes('@internal'))
    .flatMap((part) => /readonly (\w+)\??:/.exec(part)?.[1] ?? [])
  expect(names.length).toBeGreaterThan(18)
  const page = readFileSync('docs/connecting.md', 'utf8')
  expect(names.filter((name) => !page.includes(`| \`${name}\` `))).toEqual([])
})
