import { ErrorCode } from '../../base/error-codes'
import {
  saslAuthenticateApi,
  type SaslAuthenticateRequest,
  type SaslAuthenticateResponse,
} from '../../wire/generated/broker/sasl-authenticate'
import { errorCodeOf, errorMessageOf } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'

/** SaslAuthenticate: one step of the mechanism. From version 1 on the answer says how long the session lasts. */
export function saslAuthenticateHandler(): ApiHandler<SaslAuthenticateRequest, SaslAuthenticateResponse> {
  return handler(saslAuthenticateApi, async ({ authBytes }, { session: { authentication } }) => {
    if (authentication === undefined) {
      const errorMessage = 'SaslAuthenticate request received after successful authentication'
      return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, errorMessage, authBytes: Buffer.alloc(0) }
    }
    try {
      const { bytes, sessionLifetimeMs } = await authentication.authenticate(authBytes)
      const lifetime = BigInt(sessionLifetimeMs)
      return { errorCode: ErrorCode.NONE, errorMessage: '', authBytes: bytes, sessionLifetimeMs: lifetime }
    } catch (error) {
      const errorMessage = errorMessageOf(error)
      return { errorCode: errorCodeOf(error), errorMessage, authBytes: Buffer.alloc(0) }
    }
  })
}
