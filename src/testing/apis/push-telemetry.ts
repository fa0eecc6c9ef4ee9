import { ErrorCode } from '../../base/error-codes'
import {
  pushTelemetryApi,
  type PushTelemetryRequest,
  type PushTelemetryResponse,
} from '../../wire/generated/broker/push-telemetry'
import type { ClientTelemetry } from '../telemetry/client-telemetry'
import { errorCodeOf } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'

/** Takes a client's metrics (KIP-714). */
export function pushTelemetryHandler(
  telemetry: ClientTelemetry,
): ApiHandler<PushTelemetryRequest, PushTelemetryResponse> {
  return handler(pushTelemetryApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    try {
      telemetry.push(context, request)
      return { throttleTimeMs, errorCode: ErrorCode.NONE }
    } catch (error) {
      return { throttleTimeMs, errorCode: errorCodeOf(error) }
    }
  })
}
