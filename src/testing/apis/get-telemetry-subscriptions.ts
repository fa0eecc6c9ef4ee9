import { ErrorCode } from '../../base/error-codes'
import {
  getTelemetrySubscriptionsApi,
  type GetTelemetrySubscriptionsRequest,
  type GetTelemetrySubscriptionsResponse,
} from '../../wire/generated/broker/get-telemetry-subscriptions'
import type { ClientTelemetry } from '../telemetry/client-telemetry'
import { zeroTopicId } from '../cluster/topic-names'
import { errorCodeOf } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'

/** The codecs that Kafka takes, the one it likes best first: zstd, lz4, gzip, snappy. */
const compressionTypes: readonly number[] = [4, 3, 1, 2]

/** Tells a client which metrics to push (KIP-714). */
export function getTelemetrySubscriptionsHandler(
  telemetry: ClientTelemetry,
): ApiHandler<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse> {
  return handler(getTelemetrySubscriptionsApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    try {
      const { clientInstanceId, subscription } = telemetry.subscribe(context, request.clientInstanceId)
      return {
        throttleTimeMs,
        errorCode: ErrorCode.NONE,
        clientInstanceId,
        subscriptionId: subscription.id,
        acceptedCompressionTypes: compressionTypes,
        pushIntervalMs: subscription.pushIntervalMs,
        telemetryMaxBytes: telemetry.maxBytes(context),
        deltaTemporality: true,
        requestedMetrics: subscription.metrics,
      }
    } catch (error) {
      return { throttleTimeMs, errorCode: errorCodeOf(error), ...nothing }
    }
  })
}

/** What a refusal has instead of a subscription. */
const nothing = {
  clientInstanceId: zeroTopicId,
  subscriptionId: 0,
  acceptedCompressionTypes: [],
  pushIntervalMs: 0,
  telemetryMaxBytes: 0,
  deltaTemporality: false,
  requestedMetrics: [],
}
