import type { Clock } from '../../base/clock'
import type { Logger } from '../../base/logger'

/** Time, chance and log lines as collaborators: a simulation replaces them, and a seed replays exactly. */
export interface Runtime {
  readonly clock: Clock
  /** A number in [0, 1). The only source of chance in the broker. */
  readonly random: () => number
  readonly logger: Logger
}

/** A new id in Kafka's spelling: 16 bytes as 22 characters of URL-safe base64. */
export { randomUuid as newUuid } from '../../base/random-uuid'
