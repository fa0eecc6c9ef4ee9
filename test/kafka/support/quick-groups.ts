/**
 * Configuration of brokers whose groups of the KIP-848 protocol keep a pace that a test can wait for, and may go over to
 * it from the classic one and back.
 */
export const quickGroups = {
  'group.consumer.min.heartbeat.interval.ms': '200',
  'group.consumer.heartbeat.interval.ms': '300',
  'group.consumer.min.session.timeout.ms': '3000',
  'group.consumer.session.timeout.ms': '6000',
  'group.consumer.migration.policy': 'bidirectional',
} as const
