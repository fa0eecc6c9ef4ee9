import type { ConsumerOptions } from 'typed-kafka'
import type { KafkaVersion } from '../kafka-versions'

/** How a group divides its partitions while its members come and go. */
export type ChurnMode = 'eager' | 'cooperative' | 'static' | 'consumer'

export const churnModes: readonly ChurnMode[] = ['eager', 'cooperative', 'static', 'consumer']

/** Brokers before 4.0 do not serve KIP-848. */
export function isServed(mode: ChurnMode, version: KafkaVersion): boolean {
  return mode !== 'consumer' || !version.startsWith('3.')
}

/** What a member of that mode is made with. */
export function memberOptions(mode: ChurnMode, slot: string, sessionTimeoutMs: number): ConsumerOptions {
  switch (mode) {
    case 'eager':
      return { assignors: ['range'], sessionTimeoutMs, heartbeatIntervalMs }
    case 'cooperative':
      return { assignors: ['cooperative-sticky'], sessionTimeoutMs, heartbeatIntervalMs }
    case 'static':
      return { groupInstanceId: slot, sessionTimeoutMs, heartbeatIntervalMs }
    case 'consumer':
      // Session and heartbeats are the broker's: see `churnBrokerConfig`.
      return { groupProtocol: 'consumer' }
  }
}

export const heartbeatIntervalMs = 300

/** What brokers are started with: the sessions of the mode `consumer` as short as in the others. */
export function churnBrokerConfig(sessionTimeoutMs: number): Record<string, string> {
  return {
    'group.consumer.min.session.timeout.ms': '1000',
    'group.consumer.session.timeout.ms': String(sessionTimeoutMs),
    'group.consumer.min.heartbeat.interval.ms': '100',
    'group.consumer.heartbeat.interval.ms': String(heartbeatIntervalMs),
  }
}
