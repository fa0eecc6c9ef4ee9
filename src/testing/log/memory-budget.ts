import { InvalidOptionError } from '../../base/errors'
import type { Runtime } from '../contracts/runtime'
import type { StorageBudget } from '../contracts/partition-log'

/** Bytes that the logs of a cluster may hold when nothing else is said: 256 MiB. */
const defaultMaxBytes = 256 * 1024 * 1024

const millisecondsBetweenLines = 1000

/** What all logs of a cluster may hold together. When it is full it says so, at most once a second. */
export class MemoryBudget implements StorageBudget {
  readonly maxBytes: number
  #usedBytes = 0
  #lastLineAt = -Infinity
  readonly #runtime: Pick<Runtime, 'clock' | 'logger'>

  constructor(runtime: Pick<Runtime, 'clock' | 'logger'>, maxBytes = defaultMaxBytes) {
    if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
      throw new InvalidOptionError('The memory of the in-process broker', [
        `maxBytes is ${maxBytes}, but must be a whole number of bytes, 1 or more`,
      ])
    }
    this.#runtime = runtime
    this.maxBytes = maxBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  reserve(bytes: number, isNeeded = false): boolean {
    if (!isNeeded && this.#usedBytes + bytes > this.maxBytes) {
      this.#sayFull(bytes)
      return false
    }
    this.#usedBytes += bytes
    return true
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes
  }

  #sayFull(bytes: number): void {
    const now = this.#runtime.clock.now()
    if (now - this.#lastLineAt < millisecondsBetweenLines) return
    this.#lastLineAt = now
    this.#runtime.logger.error(
      'The broker holds as many bytes of records as it may, so produce fails with KAFKA_STORAGE_ERROR. ' +
        'Raise its "maxBytes", delete topics or records, or give topics a retention',
      { maxBytes: this.maxBytes, usedBytes: this.#usedBytes, batchBytes: bytes },
    )
  }
}
