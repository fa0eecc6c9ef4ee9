// Guards what users branch on: codes, classes that survive two copies of the package, and messages that say where.
import {
  BrokerError,
  ConnectionError,
  DecodeError,
  InvalidOptionError,
  isKafkaError,
  KafkaError,
  TimeoutError,
} from '../../../src/base/errors'

describe('KafkaError', () => {
  it('says what, where and on which broker in its message', () => {
    const error = new KafkaError('SOME_CODE', 'It failed', {
      topic: 'orders',
      partition: 3,
      api: 'Produce',
      apiVersion: 9,
      broker: 'localhost:9092',
      nodeId: 1,
    })
    expect(error.message).toBe('It failed (orders-3, Produce v9, broker 1 at localhost:9092)')
    expect(error.context).toEqual({
      topic: 'orders',
      partition: 3,
      api: 'Produce',
      apiVersion: 9,
      broker: 'localhost:9092',
      nodeId: 1,
    })
  })

  it("names a broker's error by Kafka's name and takes retriable from Kafka's class of the code", () => {
    const moved = new BrokerError(6, 'Produce failed', { topic: 'orders', partition: 0 })
    expect(moved.code).toBe('NOT_LEADER_OR_FOLLOWER')
    expect(moved.retriable).toBe(true)
    expect(moved.message).toBe('Produce failed: NOT_LEADER_OR_FOLLOWER (orders-0)')
    expect(new BrokerError(17, 'Topic creation failed').retriable).toBe(false)
  })

  it('keeps the number of a code newer than its table', () => {
    const error = new BrokerError(9999, 'Something failed', { brokerMessage: 'from the future' })
    expect(error.code).toBe('UNKNOWN_CODE_9999')
    expect(error.errorCode).toBe(9999)
    expect(error.retriable).toBe(false)
    expect(error.message).toContain('from the future')
  })

  it('is recognised across two copies of the package by its brand', () => {
    jest.isolateModules(() => {
      const other = jest.requireActual<typeof import('../../../src/base/errors')>('../../../src/base/errors')
      const foreign = new other.TimeoutError('REQUEST_TIMEOUT', 'late')
      expect(Object.getPrototypeOf(foreign)).not.toBe(TimeoutError.prototype)
      expect(foreign).toBeInstanceOf(TimeoutError)
      expect(foreign).toBeInstanceOf(KafkaError)
      expect(foreign).not.toBeInstanceOf(ConnectionError)
      expect(isKafkaError(foreign)).toBe(true)
    })
  })

  it('does not take other errors, or values that only look like one, for its own', () => {
    expect(new Error('x')).not.toBeInstanceOf(KafkaError)
    expect(isKafkaError(undefined)).toBe(false)
    expect(isKafkaError({ code: 'X', message: 'y' })).toBe(false)
  })

  it('turns anything that was caught into a KafkaError and keeps it as cause', () => {
    const cause = new TypeError('x is not a function')
    const error = KafkaError.from(cause, 'The handler failed')
    expect(error.code).toBe('INTERNAL_ERROR')
    expect(error.message).toBe('The handler failed: x is not a function')
    expect(error.cause).toBe(cause)
    const own = new DecodeError('bad bytes')
    expect(KafkaError.from(own)).toBe(own)
    expect(KafkaError.from('text').message).toContain('text')
  })

  it('lists all problems of wrong options', () => {
    const error = new InvalidOptionError('Wrong options for Kafka', ['a is b', 'c is d'])
    expect(error.problems).toEqual(['a is b', 'c is d'])
    expect(error.message).toBe('Wrong options for Kafka: a is b; c is d')
  })
})
