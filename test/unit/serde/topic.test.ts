// Guards against topic names that Kafka refuses, and against topics that change after they were defined.
import { InvalidArgumentError } from '../../../src/base/errors'
import { raw, string } from '../../../src/serde/basic-serdes'
import { rawTopic, requireTopicName, topic } from '../../../src/serde/topic'

describe('topic()', () => {
  it('keeps its name and serdes, and is frozen', () => {
    const key = string()
    const orders = topic('orders', { key })
    expect([orders.name, orders.key, orders.value]).toEqual(['orders', key, raw()])
    expect(Object.isFrozen(orders)).toBe(true)
  })

  it('takes and gives text and bytes where it has no serde', () => {
    const clicks = rawTopic('clicks')
    expect([clicks.key, clicks.value]).toEqual([raw(), raw()])
  })

  it('refuses a name that Kafka would not take', () => {
    expect(() => topic('a b')).toThrow(InvalidArgumentError)
  })
})

describe('requireTopicName', () => {
  it.each(['a', 'A-z_0.9', '...', '__consumer_offsets', 'x'.repeat(249)])('takes %j', (name) => {
    expect(() => requireTopicName(name)).not.toThrow()
  })

  it.each([
    ['', 'Topic name "" is empty'],
    ['.', "must not be '.' or '..'"],
    ['..', "must not be '.' or '..'"],
    ['x'.repeat(250), 'has 250 characters; Kafka allows 249'],
    ['a b', "may hold only letters, digits, '.', '_' and '-'"],
    ['ä', 'may hold only'],
    ['a\n', 'may hold only'],
    ['a/b', 'may hold only'],
  ])('refuses %j', (name, message) => {
    expect(() => requireTopicName(name)).toThrow(InvalidArgumentError)
    expect(() => requireTopicName(name)).toThrow(message)
  })

  it.each([undefined, null, 5, 5n, {}, Symbol('s'), Object.create(null)])(
    'refuses %p as no string',
    (name) => {
      expect(() => requireTopicName(name)).toThrow(InvalidArgumentError)
      expect(() => requireTopicName(name)).toThrow(/not a string/)
    },
  )
})
