import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export interface MemorySample {
  /** Seconds since the start. */
  readonly at: number
  /** Megabytes after a full collection. */
  readonly heapMb: number
  /** Buffers and the like, in megabytes. */
  readonly externalMb: number
  readonly rssMb: number
  /** Sockets, timers and other things that keep the process alive. */
  readonly resources: number
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const mb = (bytes: number) => Math.round(bytes / 1e5) / 10

export function takeSample(startedAt: number): MemorySample {
  collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  return {
    at: Math.round((Date.now() - startedAt) / 1000),
    heapMb: mb(heapUsed),
    externalMb: mb(external),
    rssMb: mb(rss),
    resources: process.getActiveResourcesInfo().length,
  }
}

/** How much more a figure was in the last third than in the second one, each by its median: the first is warm-up. */
export function growth(samples: readonly MemorySample[], figure: 'heapMb' | 'externalMb' | 'rssMb'): number {
  const third = Math.floor(samples.length / 3)
  const median = (part: readonly MemorySample[]) => {
    const sorted = part.map((sample) => sample[figure]).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? 0
  }
  return Math.round((median(samples.slice(-third)) - median(samples.slice(third, 2 * third))) * 10) / 10
}
