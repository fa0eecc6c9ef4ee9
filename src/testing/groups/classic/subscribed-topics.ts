import { Reader } from '../../../wire/primitives/reader'
import {
  consumerProtocolSubscriptionCodec,
  type ConsumerProtocolSubscription,
} from '../../../wire/generated/data/consumer-protocol-subscription'

/** The protocol type of consumers; the metadata of such members is a subscription. */
export const consumerProtocolType = 'consumer'

/**
 * Reads a consumer's metadata: a version, then the subscription. A higher version is read as the highest known one, as
 * newer ones only append. Undefined for bytes that are none.
 */
export function decodeSubscription(metadata: Buffer): ConsumerProtocolSubscription | undefined {
  return decodeAs(metadata, consumerProtocolSubscriptionCodec.maxVersion)
}

/** The topics of a consumer's metadata, read as version 0, which all versions begin with; as the coordinator does. */
export function subscriptionTopics(metadata: Buffer): readonly string[] | undefined {
  return decodeAs(metadata, 0)?.topics
}

function decodeAs(metadata: Buffer, highest: number): ConsumerProtocolSubscription | undefined {
  try {
    const reader = new Reader(metadata)
    const version = reader.readInt16()
    if (version < 0) return undefined
    return consumerProtocolSubscriptionCodec.decode(reader, Math.min(version, highest))
  } catch {
    return undefined
  }
}
