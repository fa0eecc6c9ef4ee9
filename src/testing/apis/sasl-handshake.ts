import { ErrorCode } from '../../base/error-codes'
import {
  saslHandshakeApi,
  type SaslHandshakeRequest,
  type SaslHandshakeResponse,
} from '../../wire/generated/broker/sasl-handshake'
import { errorCodeOf } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'

/** SaslHandshake: chooses the mechanism. A listener without SASL, and one that knows the client already, refuse. */
export function saslHandshakeHandler(): ApiHandler<SaslHandshakeRequest, SaslHandshakeResponse> {
  return handler(saslHandshakeApi, ({ mechanism }, { session: { authentication } }) => {
    if (authentication === undefined) return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] }
    try {
      authentication.handshake(mechanism)
      return { errorCode: ErrorCode.NONE, mechanisms: authentication.mechanisms }
    } catch (error) {
      const errorCode = errorCodeOf(error)
      const isUnsupported = errorCode === ErrorCode.UNSUPPORTED_SASL_MECHANISM
      return { errorCode, mechanisms: isUnsupported ? authentication.mechanisms : [] }
    }
  })
}
