import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often the event loop is asked, in milliseconds: what a turn takes beyond it counts as delay. */
const resolution = 2

/**
 * Measures from now on. `stop(messages)` gives messages a second, microseconds of CPU a message (of all threads of the
 * process), how late the event loop was, in milliseconds, and the process's highest memory until now, in megabytes. Without
 * a message nothing was measured, and it throws.
 */
export function startMeter() {
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  return {
    stop(messages) {
      const seconds = (performance.now() - startedAt) / 1000
      const { user, system } = process.cpuUsage(cpu)
      delay.disable()
      if (messages === 0)
        throw new Error(`No message in ${seconds.toFixed(1)} s: measure for longer (--seconds)`)
      const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution)
      return {
        messages,
        seconds,
        perSecond: messages / seconds,
        cpuMicros: (user + system) / messages,
        loopDelayP99: late(delay.percentile(99)),
        loopDelayMax: late(delay.max),
        peakMemoryMb: process.resourceUsage().maxRSS / 1024,
      }
    },
  }
}

/** Percentiles of times in milliseconds, and the longest. */
export function latencies(times) {
  const sorted = Float64Array.from(times).sort()
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  return { p50: at(0.5), p99: at(0.99), longest: sorted[sorted.length - 1] }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
