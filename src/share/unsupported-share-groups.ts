import { type KafkaError, UnsupportedVersionError } from '../base/errors'

/** The cluster serves no share groups: what it needs, and how they are switched on. */
export function unsupportedShareGroups(groupId: string, cause?: KafkaError): UnsupportedVersionError {
  return new UnsupportedVersionError(
    'The cluster does not serve share groups: they need Kafka 4.2, or 4.1 with the feature switched on ' +
      '(kafka-features.sh --bootstrap-server … upgrade --feature share.version=1), on every broker',
    { groupId, cause },
  )
}

/** A broker has no version of ShareFetch that can carry what was asked. */
export function unsupportedShareFetch(
  { groupId, acquireMode }: { readonly groupId: string; readonly acquireMode: string },
  cause: KafkaError,
): UnsupportedVersionError {
  if (acquireMode !== 'record_limit') return unsupportedShareGroups(groupId, cause)
  return new UnsupportedVersionError(
    "A broker does not know acquireMode 'record_limit' (KIP-1206): it needs Kafka 4.2; 'batch_optimized' works with older ones",
    { groupId, cause },
  )
}

/** The broker's share groups are older than renewals. */
export function unsupportedRenewal(): UnsupportedVersionError {
  return new UnsupportedVersionError(
    'The broker cannot renew the locks of messages (KIP-1222): that needs Kafka 4.2. Raise share.record.lock.duration.ms of the group instead',
  )
}
