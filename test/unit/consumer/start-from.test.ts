// Guards callers with a wrong place to read from against errors that don't say what is wrong.
import { InvalidArgumentError, InvalidOptionError } from '../../../src/base/errors'
import { resolveConsumerOptions, type ConsumerOptions } from '../../../src/consumer/consumer-options'
import { queryOfSeek, queryOfStartFrom, requireOffset } from '../../../src/consumer/start-from'

/** What no type allows, and JavaScript does. */
const wrong = (value: unknown) => value as never

describe('queryOfSeek', () => {
  it('takes offsets, the ends of the log, and times', () => {
    expect(queryOfSeek(5)).toEqual({ kind: 'offset', offset: 5n })
    expect(queryOfSeek(5n)).toEqual({ kind: 'offset', offset: 5n })
    expect(queryOfSeek('beginning')).toEqual({ kind: 'earliest' })
    expect(queryOfSeek('end')).toEqual({ kind: 'latest' })
    expect(queryOfSeek({ timestamp: 12.7 })).toEqual({ kind: 'timestamp', timestamp: 12 })
    expect(queryOfSeek({ timestamp: new Date(34) })).toEqual({ kind: 'timestamp', timestamp: 34 })
    expect(queryOfSeek({ timestamp: new Date('1960-01-01') })).toEqual({ kind: 'timestamp', timestamp: 0 })
  })

  it.each<[string, unknown, RegExp]>([
    ['an object with a bigint', { offset: 5n }, /^seek takes an offset, .* not { offset: 5n }$/],
    ['an object without a prototype', Object.create(null), /^seek takes an offset/],
    ['undefined', undefined, /not undefined$/],
    ['null', null, /not null$/],
    ['a word', 'start', /not 'start'$/],
    ['a negative offset', -1n, /^seek: -1n is no offset/],
    ['a fraction', 1.5, /^seek: 1.5 is no offset/],
    ['a number that is not exact', 2 ** 53, /is no offset/],
    ['an invalid date', { timestamp: new Date('never') }, /^Invalid Date is no timestamp/],
    ['a time as bigint', { timestamp: 5n }, /^5n is no timestamp/],
    ['a time as object', { timestamp: { at: 5n } }, /^{ at: 5n } is no timestamp/],
    ['a time as symbol', { timestamp: Symbol('now') }, /^Symbol\(now\) is no timestamp/],
  ])('refuses %s, and shows it', (_, target, message) => {
    expect(() => queryOfSeek(wrong(target))).toThrow(InvalidArgumentError)
    expect(() => queryOfSeek(wrong(target))).toThrow(message)
  })
})

describe('startFrom', () => {
  it('C3: becomes what to look for; a duration counts back from now (KIP-1106)', () => {
    expect(queryOfStartFrom('none', 1000)).toEqual({ kind: 'none' })
    expect(queryOfStartFrom({ durationMs: 400 }, 1000)).toEqual({ kind: 'timestamp', timestamp: 600 })
    expect(queryOfStartFrom({ durationMs: 4000 }, 1000)).toEqual({ kind: 'timestamp', timestamp: 0 })
    expect(queryOfStartFrom({ timestamp: new Date(5) }, 1000)).toEqual({ kind: 'timestamp', timestamp: 5 })
    expect(queryOfStartFrom({ offset: 7 }, 1000)).toEqual({ kind: 'offset', offset: 7n })
  })

  it.each<unknown>([
    { offset: { is: 5n } },
    { offset: Object.create(null) },
    { offset: -1n },
    { timestamp: 5n },
    { durationMs: { ms: 5n } },
    { timestamp: new Date('never') },
    { duration: 5n },
    5n,
    Symbol('earliest'),
  ])('refuses %p by the name of the option', (startFrom) => {
    const options: ConsumerOptions = { groupId: 'g', topics: ['t'], startFrom: wrong(startFrom) }
    expect(() => resolveConsumerOptions(options)).toThrow(InvalidOptionError)
    expect(() => resolveConsumerOptions(options)).toThrow(/startFrom/)
    const assigned: ConsumerOptions = { assign: [{ topic: 't', partition: 0, startFrom: wrong(startFrom) }] }
    expect(() => resolveConsumerOptions(assigned)).toThrow(InvalidOptionError)
  })
})

it.each<unknown>([Object.create(null), { at: 1n }, Symbol('one'), '1', undefined])(
  'requireOffset refuses %p, and shows it',
  (offset) => {
    expect(() => requireOffset(offset, 'commit')).toThrow(InvalidArgumentError)
  },
)
