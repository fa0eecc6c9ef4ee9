import type { Clock, Timer } from '../../../base/clock'

/**
 * ```
 *   available ──acquire──▶ acquired ──accept──▶ acknowledged
 *       ▲                    │   └────reject, gap, delivered too often──▶ archived
 *       └─release, lock over─┘
 * ```
 */
export type RecordState = 'available' | 'acquired' | 'acknowledged' | 'archived'

/** One offset between the start and the end of a share partition. */
export interface InFlightRecord {
  state: RecordState
  /** How often it was handed out. */
  deliveryCount: number
  /** Set while it is acquired. */
  lock: RecordLock | undefined
  /** The records that it was first handed out with: they come again together. */
  readonly acquiredWith: { readonly firstOffset: bigint; readonly lastOffset: bigint } | undefined
}

/** A record that nobody holds yet. */
export function newRecord(
  state: 'available' | 'archived',
  deliveryCount: number,
  acquiredWith?: InFlightRecord['acquiredWith'],
): InFlightRecord {
  return { state, deliveryCount, lock: undefined, acquiredWith }
}

/** True when nobody will get the record again. */
export function isDone(record: InFlightRecord): boolean {
  return record.state === 'acknowledged' || record.state === 'archived'
}

/** A member's hold on records that it acquired together; it ends by itself after a while. */
export class RecordLock {
  readonly memberId: string
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly #timer: Timer
  #records = 0

  constructor(options: {
    readonly memberId: string
    readonly firstOffset: bigint
    readonly lastOffset: bigint
    readonly clock: Clock
    readonly durationMs: number
    readonly onTimeout: (lock: RecordLock) => void
  }) {
    this.memberId = options.memberId
    this.firstOffset = options.firstOffset
    this.lastOffset = options.lastOffset
    this.#timer = options.clock.setTimer(options.durationMs, () => options.onTimeout(this))
    this.#timer.unref?.()
  }

  /** Makes a record the holder's; another lock on it is given up. */
  take(record: InFlightRecord): void {
    record.lock?.drop(record)
    record.lock = this
    record.state = 'acquired'
    this.#records++
  }

  /** The record is no longer held; the last one ends the lock. */
  drop(record: InFlightRecord): void {
    if (record.lock !== this) return
    record.lock = undefined
    if (--this.#records === 0) this.#timer.cancel()
  }
}
