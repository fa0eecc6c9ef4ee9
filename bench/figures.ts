import type { Figures } from './run-measured'

/** A figure over all rounds. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** One client's figures of one workload. */
export type Summary = Readonly<Record<string, Spread>>

/** How a figure is shown, and which way is better. */
export interface FigureFormat {
  readonly name: string
  readonly title: string
  readonly better: 'more' | 'less'
  readonly format: (value: number) => string
}

const whole = (value: number) => Math.round(value).toLocaleString('en')
const decimals = (value: number) => (value >= 100 ? whole(value) : value.toFixed(value >= 10 ? 1 : 2))

/** Every figure that a run can have, in the order of the columns. */
export const figureFormats: readonly FigureFormat[] = [
  { name: 'perSecond', title: 'messages/s', better: 'more', format: whole },
  { name: 'p50', title: 'p50 ms', better: 'less', format: decimals },
  { name: 'p99', title: 'p99 ms', better: 'less', format: decimals },
  { name: 'startMs', title: 'ms', better: 'less', format: whole },
  { name: 'startCpuMs', title: 'CPU ms', better: 'less', format: whole },
  { name: 'cpuMicros', title: 'CPU µs a message', better: 'less', format: decimals },
  { name: 'cpuNanosPerByte', title: 'CPU ns a byte', better: 'less', format: decimals },
  { name: 'loopDelayMax', title: 'event loop late, ms at most', better: 'less', format: decimals },
  { name: 'restCpuPercent', title: '% of a core at rest', better: 'less', format: decimals },
  { name: 'memoryEachKb', title: 'KB a consumer', better: 'less', format: whole },
  { name: 'peakMemoryMb', title: 'peak memory, MB', better: 'less', format: whole },
]

/** The medians of all rounds, with the least and the most. */
export function summarize(runs: readonly Figures[]): Summary {
  const names = Object.keys(runs[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, spreadOf(runs.map((run) => run[name] ?? NaN))]))
}

/** The median of an even number of values is the mean of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? NaN
  const half = (sorted.length - 1) / 2
  const median = (at(Math.floor(half)) + at(Math.ceil(half))) / 2
  return { median: rounded(median), min: rounded(at(0)), max: rounded(at(sorted.length - 1)) }
}

/** Four digits that count: more than any of these measurements is worth. */
function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
