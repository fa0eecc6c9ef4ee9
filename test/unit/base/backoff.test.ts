// Guards against retry storms: waits must grow, stay bounded, and differ between clients.
import { backoffMs } from '../../../src/base/backoff'
import { errorKind, ErrorCode, errorCodeName, isRetriable } from '../../../src/base/error-codes'

describe('backoffMs', () => {
  const options = { baseMs: 100, maxMs: 1000 }

  it('P15: doubles with each failure up to the maximum', () => {
    const middle = () => 0.5
    expect([1, 2, 3, 4, 5, 6, 50].map((n) => backoffMs(options, n, middle))).toEqual([
      100, 200, 400, 800, 1000, 1000, 1000,
    ])
  })

  it('P15: spreads each wait by 20 % to both sides', () => {
    expect(backoffMs(options, 1, () => 0)).toBe(80)
    expect(backoffMs(options, 1, () => 0.999999)).toBe(120)
  })

  it('treats no failure as the first', () => {
    expect(backoffMs(options, 0, () => 0.5)).toBe(100)
  })
})

describe('error codes', () => {
  it('holds all 138 codes of Kafka 4.4 without a gap', () => {
    const codes = Object.values(ErrorCode).sort((a, b) => a - b)
    expect(codes).toEqual(Array.from({ length: 138 }, (_, i) => i - 1))
  })

  it('classes codes as the Java exception hierarchy does', () => {
    expect(errorKind(ErrorCode.NOT_LEADER_OR_FOLLOWER)).toBe('refreshMetadata')
    expect(errorKind(ErrorCode.NOT_COORDINATOR)).toBe('refreshCoordinator')
    expect(errorKind(ErrorCode.PRODUCER_FENCED)).toBe('recoverable')
    expect(errorKind(ErrorCode.TOPIC_AUTHORIZATION_FAILED)).toBe('security')
    expect(errorKind(12345)).toBe('other')
    expect(isRetriable(ErrorCode.REQUEST_TIMED_OUT)).toBe(true)
    expect(isRetriable(ErrorCode.MESSAGE_TOO_LARGE)).toBe(false)
    expect(errorCodeName(-1)).toBe('UNKNOWN_SERVER_ERROR')
  })
})
