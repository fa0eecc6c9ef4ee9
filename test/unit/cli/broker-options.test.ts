// Guards against a command line that is understood as something else than what was typed.
import { InvalidOptionError } from '../../../src/base/errors'
import { parseBrokerOptions } from '../../../src/cli/broker-options'

describe('the options of typed-kafka broker', () => {
  test('without options one broker listens on the usual port', () => {
    expect(parseBrokerOptions([])).toEqual({
      port: 9092,
      host: '127.0.0.1',
      brokers: 1,
      topics: [],
      configs: {},
    })
  })

  test('all options are taken over', () => {
    const args = ['-p', '0', '--brokers', '3', '--kafka', '3.7', '-t', 'orders:6', '-t', 'clicks']
    const more = [
      '-c',
      'message.max.bytes=2000',
      '-u',
      'shop:a:b',
      '--max-bytes',
      '1000',
      '--host',
      '0.0.0.0',
    ]
    expect(parseBrokerOptions([...args, ...more])).toEqual({
      port: 0,
      host: '0.0.0.0',
      brokers: 3,
      version: '3.7',
      maxBytes: 1000,
      topics: [{ name: 'orders', partitions: 6 }, { name: 'clicks' }],
      configs: { 'message.max.bytes': '2000' },
      sasl: { users: { shop: 'a:b' } },
    })
  })

  test('help comes before everything else', () => {
    expect(parseBrokerOptions(['--help', '--port', 'x'])).toBe('help')
  })

  test.each([
    [['--port', 'many'], "option '--port' is 'many': a whole number is needed"],
    [['--topic', 'orders:x'], "option '--topic' is 'x': a whole number is needed"],
    [['--config', 'retention'], "option '--config' is 'retention': name=value is needed"],
    [['--prot', '1'], '--prot'],
    [['orders'], 'orders'],
  ])('%j is refused, and named', (args, problem) => {
    expect(() => parseBrokerOptions(args)).toThrow(InvalidOptionError)
    expect(() => parseBrokerOptions(args)).toThrow(problem)
  })

  test('L21: a password is not repeated in the error', () => {
    expect(() => parseBrokerOptions(['--user', 'topsecret'])).toThrow('(hidden)')
    expect(() => parseBrokerOptions(['--user', 'topsecret'])).not.toThrow('topsecret')
  })
})
