import type { Clock } from '../../base/clock'
import type { Logger } from '../../base/logger'

/** Time, chance and log lines as collaborators: a simulation replaces them, and a seed replays exactly. */
export interface Runtime {
  readonly clock: Clock
  /** A number in [0, 1). The only source of chance in the broker. */
  readonly random: () => number
  readonly logger: Logger
}

/** A new id in Kafka's spelling: 16 bytes as 22 characters of URL-safe base64. Never starts with a dash, as in Kafka. */
export function newUuid(random: () => number): string {
  for (;;) {
    const bytes = Buffer.alloc(16)
    for (let i = 0; i < 16; i++) bytes[i] = Math.floor(random() * 256)
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
    const text = bytes.toString('base64url')
    if (!text.startsWith('-')) return text
  }
}
