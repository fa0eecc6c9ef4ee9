import type { FetchPartition } from './fetch-partition'
import type { FetchRead } from './fetch-reader'
import { readPartition, type FetchScope } from './partition-read'

/** What a fetch waits for. */
export interface FetchWait {
  readonly scope: FetchScope
  readonly partitions: readonly FetchPartition[]
  /** What there was when it began to wait. */
  readonly first: FetchRead
  readonly minBytes: number
  readonly maxWaitMs: number
  /** Fires when nobody waits for the answer any more. */
  readonly ended: AbortSignal
}

/**
 * Waits until enough bytes can be read, something happened that the client has to know, or the time is over. False when
 * the connection is gone. Nothing is polled: the partitions call.
 */
export function waitForRecords(wait: FetchWait): Promise<boolean> {
  const { scope, partitions, first, ended } = wait
  return new Promise((resolve) => {
    const stops: (() => void)[] = []
    const finish = (isWanted: boolean): void => {
      for (const stop of stops.splice(0)) stop()
      timer.cancel()
      ended.removeEventListener('abort', giveUp)
      resolve(isWanted)
    }
    const giveUp = (): void => finish(false)
    const timer = scope.services.runtime.clock.setTimer(wait.maxWaitMs, () => finish(true))
    timer.unref?.()
    ended.addEventListener('abort', giveUp)
    const readable = first.reads.map((read) => read.bytes)
    let total = first.bytes
    partitions.forEach((wanted, at) => {
      const partition = first.reads[at]?.partition
      if (partition === undefined) return
      stops.push(
        partition.watch((event) => {
          if (event === 'append' || event === 'leader-reachable') return
          if (event !== 'high-watermark') return finish(true)
          const read = readPartition(scope, wanted, wanted.asked.partitionMaxBytes, true)
          total += read.bytes - (readable[at] as number)
          readable[at] = read.bytes
          if (read.isUrgent || total >= wait.minBytes) finish(true)
        }),
      )
    })
  })
}
