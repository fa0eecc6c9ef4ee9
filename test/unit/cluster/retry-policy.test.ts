// Guards the one place that decides what is tried again: too little loses calls in a failover, too much sends a
// request twice or knocks for ever.
import { ErrorCode } from '../../../src/base/error-codes'
import {
  AuthenticationError,
  BrokerError,
  ClosedError,
  ConnectionError,
  DecodeError,
  type KafkaError,
  TimeoutError,
  UnsupportedVersionError,
} from '../../../src/base/errors'
import type { RequestTarget } from '../../../src/cluster/cluster'
import { retryStep } from '../../../src/cluster/retry-policy'

const lost = new ConnectionError('DISCONNECTED', 'gone', { maybeWritten: true })
const unsent = new ConnectionError('DISCONNECTED', 'gone')
const broker = (name: keyof typeof ErrorCode) => new BrokerError(ErrorCode[name], 'failed')

test.each<[string, KafkaError, RequestTarget['kind'], string]>([
  ['a lost connection', lost, 'any', 'otherBroker'],
  ['a lost connection', lost, 'node', 'refreshMetadata'],
  ['a lost connection', lost, 'controller', 'refreshMetadata'],
  ['a lost connection', lost, 'coordinator', 'findCoordinator'],
  ['a timeout', new TimeoutError('REQUEST_TIMEOUT', 'late', { maybeWritten: true }), 'any', 'otherBroker'],
  ['NOT_COORDINATOR', broker('NOT_COORDINATOR'), 'coordinator', 'findCoordinator'],
  ['COORDINATOR_NOT_AVAILABLE', broker('COORDINATOR_NOT_AVAILABLE'), 'coordinator', 'findCoordinator'],
  ['COORDINATOR_NOT_AVAILABLE', broker('COORDINATOR_NOT_AVAILABLE'), 'any', 'again'],
  [
    'a broker that is no longer part of the cluster',
    new BrokerError(ErrorCode.BROKER_NOT_AVAILABLE, 'gone', { retriable: true }),
    'coordinator',
    'findCoordinator',
  ],
  ['COORDINATOR_LOAD_IN_PROGRESS', broker('COORDINATOR_LOAD_IN_PROGRESS'), 'coordinator', 'again'],
  ['NOT_CONTROLLER', broker('NOT_CONTROLLER'), 'controller', 'refreshMetadata'],
  ['NOT_LEADER_OR_FOLLOWER', broker('NOT_LEADER_OR_FOLLOWER'), 'node', 'refreshMetadata'],
  ['REQUEST_TIMED_OUT', broker('REQUEST_TIMED_OUT'), 'controller', 'again'],
  ['GROUP_AUTHORIZATION_FAILED', broker('GROUP_AUTHORIZATION_FAILED'), 'coordinator', 'fail'],
  ['an unknown code', new BrokerError(9999, 'failed'), 'any', 'fail'],
  ['wrong credentials', new AuthenticationError('SASL_AUTHENTICATION_FAILED', 'no'), 'any', 'fail'],
  ['no common version', new UnsupportedVersionError('no'), 'any', 'fail'],
  ['a closed cluster', new ClosedError('The cluster'), 'any', 'fail'],
  ['unreadable bytes', new DecodeError('no'), 'any', 'fail'],
  ['a wrong option', new ConnectionError('TLS_REQUIRED', 'no', { retriable: false }), 'any', 'fail'],
])('after %s %j a request to %s: %s', (_, error, target, step) => {
  expect(retryStep(error, target, true)).toBe(step)
})

test.each<[string, KafkaError, string]>([
  ['fails when a broker may have acted', lost, 'fail'],
  ['fails when the broker does not know whether it acted', broker('REQUEST_TIMED_OUT'), 'fail'],
  ['is repeated when nothing was written', unsent, 'findCoordinator'],
  ['is repeated when the broker refused it', broker('NOT_COORDINATOR'), 'findCoordinator'],
])('a request that must not be sent twice %s', (_, error, step) => {
  expect(retryStep(error, 'coordinator', false)).toBe(step)
})
