// Guards the border between our errors and KafkaJS's: each of ours becomes what KafkaJS throws in the same place.
import {
  AuthenticationError,
  BrokerError,
  ClosedError,
  ConnectionError,
  ErrorCode,
  FencedError,
  InvalidArgumentError,
  KafkaError,
  ProduceError,
  TimeoutError,
  UnsupportedVersionError,
} from '../../../src'
import { KafkaJSError, KafkaJSNonRetriableError } from '../../../src/kafkajs/errors/kafkajs-error'
import { translateError } from '../../../src/kafkajs/errors/translate-error'

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
const broker = '[::1]:9092'

test.each<[string, Error, object]>([
  [
    "a broker's refusal",
    new BrokerError(ErrorCode.NOT_LEADER_OR_FOLLOWER, 'Not here'),
    { name: 'KafkaJSProtocolError', type: 'NOT_LEADER_FOR_PARTITION', code: 6, retriable: true },
  ],
  [
    'a refusal that KafkaJS has no name for',
    new BrokerError(ErrorCode.FENCED_MEMBER_EPOCH, 'Old'),
    { name: 'KafkaJSProtocolError', type: 'KAFKAJS_UNKNOWN_ERROR_CODE', code: -99, retriable: false },
  ],
  [
    'a commit of a member that the coordinator does not know',
    new KafkaError('COMMIT_FAILED', 'Lost', { cause: new BrokerError(ErrorCode.UNKNOWN_MEMBER_ID, 'Who?') }),
    { name: 'KafkaJSProtocolError', type: 'UNKNOWN_MEMBER_ID', code: 25 },
  ],
  [
    'a commit of partitions that are given away',
    new KafkaError('COMMIT_FAILED', 'Not owned'),
    { name: 'KafkaJSProtocolError', type: 'ILLEGAL_GENERATION', code: 22 },
  ],
  [
    'a commit with an old epoch',
    new KafkaError('COMMIT_FAILED', 'Lost', { cause: new BrokerError(ErrorCode.STALE_MEMBER_EPOCH, 'Old') }),
    { name: 'KafkaJSProtocolError', type: 'ILLEGAL_GENERATION', code: 22 },
  ],
  [
    'nobody who listens',
    new ConnectionError('CONNECTION_FAILED', 'No', { broker: 'h:1', cause: refused }),
    {
      name: 'KafkaJSConnectionError',
      message: 'Connection error: connect ECONNREFUSED 127.0.0.1:1',
      broker: 'h:1',
      code: 'ECONNREFUSED',
      retriable: true,
    },
  ],
  [
    'a connection that was closed',
    new ConnectionError('DISCONNECTED', 'Gone', { broker }),
    { name: 'KafkaJSConnectionClosedError', message: 'Closed connection', broker, host: '[::1]', port: 9092 },
  ],
  [
    'a broker that does not answer while it is connected to',
    new TimeoutError('CONNECTION_TIMEOUT', 'Slow', { broker }),
    { name: 'KafkaJSConnectionError', message: 'Connection timeout', broker },
  ],
  [
    'a topic that nobody knew in time',
    new TimeoutError('METADATA_TIMEOUT', 'Slow'),
    { name: 'KafkaJSMetadataNotLoaded', message: 'Producing to topic without metadata' },
  ],
  [
    'a call that took too long, with what went wrong last',
    new TimeoutError('CALL_TIMEOUT', 'Slow', { cause: new BrokerError(ErrorCode.NOT_CONTROLLER, 'Not me') }),
    { name: 'KafkaJSProtocolError', type: 'NOT_CONTROLLER' },
  ],
  [
    'credentials that were refused',
    new AuthenticationError('SASL_AUTHENTICATION_FAILED', 'Wrong'),
    { name: 'KafkaJSSASLAuthenticationError', retriable: false },
  ],
  [
    'an API that the broker does not have',
    new UnsupportedVersionError('It is a controller', { api: 'FindCoordinator', apiKey: 10 }),
    {
      name: 'KafkaJSServerDoesNotSupportApiKey',
      message: expect.stringMatching(
        /^The Kafka server does not support the requested API version: It is a controller/,
      ) as string,
      apiKey: 10,
      apiName: 'GroupCoordinator',
      retriable: false,
    },
  ],
  [
    'a message that the broker refused',
    new ProduceError('MESSAGE_TOO_LARGE', 'Large', { maybeStored: false }),
    { name: 'KafkaJSProtocolError', type: 'MESSAGE_TOO_LARGE', code: 10, retriable: false },
  ],
  ['a client that is closed', new ClosedError('The consumer'), { name: 'KafkaJSNonRetriableError' }],
  [
    'a producer that was replaced',
    new FencedError('PRODUCER_FENCED', 'Old'),
    { name: 'KafkaJSProtocolError', type: 'INVALID_PRODUCER_EPOCH', code: 47, retriable: false },
  ],
  [
    'a member that was replaced',
    new FencedError('FENCED_INSTANCE_ID', 'Old'),
    { name: 'KafkaJSProtocolError', type: 'FENCED_INSTANCE_ID', code: 82, retriable: false },
  ],
  [
    'a wrong argument',
    new InvalidArgumentError('No'),
    { name: 'KafkaJSNonRetriableError', retriable: false },
  ],
  [
    'what may pass, and has no name in KafkaJS',
    new KafkaError('X', 'why', { retriable: true }),
    { name: 'KafkaJSError', message: 'why', retriable: true },
  ],
])('8: %s', (_, error, expected) => {
  const translated = translateError(error)
  expect(translated).toBeInstanceOf(KafkaJSError)
  expect(translated).toMatchObject(expected)
})

test("8: the program's own errors, and KafkaJS's under ours, are told as they are", () => {
  const own = new TypeError('x')
  expect(translateError(own)).toBe(own)
  const theirs = new KafkaJSNonRetriableError('y')
  expect(translateError(new KafkaError('X', 'z', { cause: theirs }))).toBe(theirs)
  expect(translateError('text')).toMatchObject({ name: 'KafkaJSNonRetriableError', message: 'text' })
})
