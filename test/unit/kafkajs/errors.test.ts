// Guards what programs match errors by: classes, names, messages, codes and whether to try again.
import { ErrorCode, KafkaError } from '../../../src'
import { describeErrorCode, protocolError } from '../../../src/kafkajs/errors/protocol-error-table'
import { translateError } from '../../../src/kafkajs/errors/translate-error'
import * as kafkajs from '../../../src/kafkajs'

const { KafkaJSError, KafkaJSNonRetriableError, KafkaJSProtocolError, KafkaJSConnectionError } = kafkajs
const values: Readonly<Record<string, unknown>> = { ...kafkajs }

/** Class, parent, and what the constructor takes. */
const classes: [name: string, parent: string, args: unknown[]][] = [
  ['KafkaJSConnectionError', 'KafkaJSError', ['m']],
  ['KafkaJSRequestTimeoutError', 'KafkaJSError', ['m']],
  ['KafkaJSMetadataNotLoaded', 'KafkaJSError', ['m']],
  ['KafkaJSTopicMetadataNotLoaded', 'KafkaJSMetadataNotLoaded', ['m']],
  ['KafkaJSStaleTopicMetadataAssignment', 'KafkaJSError', ['m']],
  ['KafkaJSDeleteGroupsError', 'KafkaJSError', ['m']],
  ['KafkaJSDeleteTopicRecordsError', 'KafkaJSError', [{ partitions: [] }]],
  ['KafkaJSBrokerNotFound', 'KafkaJSError', ['m']],
  ['KafkaJSNoBrokerAvailableError', 'KafkaJSError', []],
  ['KafkaJSProtocolError', 'KafkaJSError', ['m']],
  ['KafkaJSNonRetriableError', 'KafkaJSError', ['m']],
  ['KafkaJSConnectionClosedError', 'KafkaJSConnectionError', ['m']],
  ['KafkaJSOffsetOutOfRange', 'KafkaJSProtocolError', ['m', {}]],
  ['KafkaJSMemberIdRequired', 'KafkaJSProtocolError', ['m', {}]],
  ['KafkaJSCreateTopicError', 'KafkaJSProtocolError', ['m', 't']],
  ['KafkaJSAlterPartitionReassignmentsError', 'KafkaJSProtocolError', ['m', 't', 0]],
  ['KafkaJSNumberOfRetriesExceeded', 'KafkaJSNonRetriableError', ['m', {}]],
  ['KafkaJSServerDoesNotSupportApiKey', 'KafkaJSNonRetriableError', ['m']],
  ['KafkaJSPartialMessageError', 'KafkaJSNonRetriableError', []],
  ['KafkaJSSASLAuthenticationError', 'KafkaJSNonRetriableError', ['m']],
  ['KafkaJSGroupCoordinatorNotFound', 'KafkaJSNonRetriableError', ['m']],
  ['KafkaJSNotImplemented', 'KafkaJSNonRetriableError', ['m']],
  ['KafkaJSTimeout', 'KafkaJSNonRetriableError', ['m']],
  ['KafkaJSLockTimeout', 'KafkaJSTimeout', ['m']],
  ['KafkaJSUnsupportedMagicByteInMessageSet', 'KafkaJSNonRetriableError', ['m']],
  ['KafkaJSInvariantViolation', 'KafkaJSNonRetriableError', ['m']],
  ['KafkaJSInvalidVarIntError', 'KafkaJSNonRetriableError', ['m']],
  ['KafkaJSInvalidLongError', 'KafkaJSNonRetriableError', ['m']],
]

type ErrorClass = new (...args: unknown[]) => InstanceType<typeof KafkaJSError>

describe('1 exports', () => {
  test('1: there are the 44 names of KafkaJS, and no others', () => {
    const others = ['KafkaJSError', 'KafkaJSAggregateError', 'KafkaJSFetcherRebalanceError']
    const values = [
      'Kafka',
      'PartitionAssigners',
      'AssignerProtocol',
      'Partitioners',
      'logLevel',
      'CompressionTypes',
      'CompressionCodecs',
      'ConfigResourceTypes',
      'ConfigSource',
      'AclResourceTypes',
      'AclOperationTypes',
      'AclPermissionTypes',
      'ResourcePatternTypes',
    ]
    const expected = [...values, ...others, ...classes.map(([name]) => name)]
    expect(expected).toHaveLength(44)
    expect(Object.keys(kafkajs).sort()).toEqual(expected.sort())
  })

  test('1: enumerations are plain: names and numbers, without the way back', () => {
    expect({ ...kafkajs.logLevel }).toEqual({ NOTHING: 0, ERROR: 1, WARN: 2, INFO: 4, DEBUG: 5 })
    expect({ ...kafkajs.CompressionTypes }).toEqual({ None: 0, GZIP: 1, Snappy: 2, LZ4: 3, ZSTD: 4 })
    expect({ ...kafkajs.ConfigResourceTypes }).toEqual({ UNKNOWN: 0, TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8 })
    expect(Object.keys(kafkajs.AclOperationTypes)).toHaveLength(13)
    expect(kafkajs.ResourcePatternTypes.PREFIXED).toBe(4)
    expect(kafkajs.AclPermissionTypes.ALLOW).toBe(3)
    expect(kafkajs.AclResourceTypes.DELEGATION_TOKEN).toBe(6)
    expect(kafkajs.ConfigSource.DYNAMIC_BROKER_LOGGER_CONFIG).toBe(6)
  })
})

describe('8 error classes', () => {
  test.each(classes)('8: %s is a %s', (name, parent, args) => {
    const Class = values[name] as ErrorClass
    const error = new Class(...args)
    expect(error).toBeInstanceOf(values[parent] as ErrorClass)
    expect(error).toBeInstanceOf(KafkaJSError)
    expect(error).toBeInstanceOf(Error)
    const named = ['KafkaJSInvalidVarIntError', 'KafkaJSInvalidLongError'].includes(name) ? parent : name
    expect(error.name).toBe(named)
    expect(Object.hasOwn(error, 'message')).toBe(true)
    expect(error.retriable).toBe(!(error instanceof KafkaJSNonRetriableError))
  })

  test('8: an error given instead of a text lends its message; the cause is kept', () => {
    const cause = new KafkaError('X', 'why')
    const error = new KafkaJSNonRetriableError(cause, { cause })
    expect(error).toMatchObject({ message: 'why', retriable: false, cause })
  })

  test('8: fields are as they were given', () => {
    const broker = 'h:1'
    expect(new KafkaJSConnectionError('m', { broker, code: 'E' })).toMatchObject({ broker, code: 'E' })
    expect(new kafkajs.KafkaJSConnectionClosedError('m', { host: 'h', port: 1 })).toMatchObject({ broker })
    const exceeded = new kafkajs.KafkaJSNumberOfRetriesExceeded(new KafkaJSError('inner'), {
      retryCount: 3,
      retryTime: 4,
    })
    expect(exceeded).toMatchObject({ message: 'inner', retryCount: 3, retryTime: 4 })
    expect(exceeded.stack).toContain('Caused by: ')
    expect(new kafkajs.KafkaJSInvariantViolation('x').message).toBe(
      'Invariant violated: x. This is likely a bug and should be reported.',
    )
    expect(new kafkajs.KafkaJSNoBrokerAvailableError().message).toBe('No broker available')
  })

  test('8: classes can be extended with a message and a cause', () => {
    class Own extends KafkaJSNonRetriableError {
      override readonly name = 'Own'
    }
    const cause = new KafkaJSError('c')
    expect(new Own('m', { cause })).toMatchObject({ name: 'Own', message: 'm', cause, retriable: false })
  })

  test('8: records that were not deleted may be tried again only when each of them may', () => {
    const partition = (retriable: boolean) => ({
      partition: 0,
      offset: '1',
      error: new KafkaJSError('m', { retriable }),
    })
    const errorOf = (...partitions: ReturnType<typeof partition>[]) =>
      new kafkajs.KafkaJSDeleteTopicRecordsError({ topic: 't', partitions })
    expect(errorOf(partition(true), partition(true)).retriable).toBe(true)
    expect(errorOf(partition(true), partition(false)).retriable).toBe(false)
  })
})

describe("8 brokers' errors", () => {
  test.each([
    [-1, 'UNKNOWN', false],
    [3, 'UNKNOWN_TOPIC_OR_PARTITION', true],
    [6, 'NOT_LEADER_FOR_PARTITION', true],
    [14, 'GROUP_LOAD_IN_PROGRESS', true],
    [15, 'GROUP_COORDINATOR_NOT_AVAILABLE', true],
    [16, 'NOT_COORDINATOR_FOR_GROUP', true],
    [27, 'REBALANCE_IN_PROGRESS', false],
    [36, 'TOPIC_ALREADY_EXISTS', false],
  ])('8: the code %i is %s', (code, type, retriable) => {
    const error = protocolError(code)
    expect(error).toBeInstanceOf(KafkaJSProtocolError)
    expect(error).toMatchObject({ name: 'KafkaJSProtocolError', code, type, retriable })
  })

  test('8: the codes that may be tried again are those of KafkaJS', () => {
    const retriable = Object.values(ErrorCode).filter((code) => describeErrorCode(code).retriable)
    expect(retriable.sort((a, b) => a - b)).toEqual([
      2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88,
    ])
  })

  test('8: a code that is newer than KafkaJS is its code -99', () => {
    expect(protocolError(ErrorCode.FENCED_MEMBER_EPOCH)).toMatchObject({
      type: 'KAFKAJS_UNKNOWN_ERROR_CODE',
      code: -99,
      retriable: false,
      message: 'Unknown error code 110',
    })
  })

  test('8: errors of KafkaJS, and of the program, are passed on as they are', () => {
    const own = new TypeError('x')
    const theirs = new KafkaJSError('y')
    expect(translateError(own)).toBe(own)
    expect(translateError(theirs)).toBe(theirs)
    expect(translateError(new KafkaError('X', 'z', { retriable: true }))).toMatchObject({
      name: 'KafkaJSError',
      retriable: true,
    })
    expect(translateError(new KafkaError('X', 'z'))).toMatchObject({ name: 'KafkaJSNonRetriableError' })
  })
})
