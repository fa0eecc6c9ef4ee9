/** One part that is measured by itself. */
export interface Case {
  readonly name: string
  /** What one call of `run` does, for the nanoseconds each: messages, numbers, or 1 for one call. */
  readonly operations: number
  /** Bytes that one call works through, for megabytes a second. */
  readonly bytes?: number
  /** Answers something that depends on all it did, so that the compiler can't leave it out. */
  run(): unknown
}

/** What one case takes. */
export interface Timing {
  readonly name: string
  readonly nanoseconds: number
  readonly megabytesPerSecond?: number
}

const sliceMs = 15
const warmUpRounds = 5

/** Medians over rounds in which each case has a short turn, so that all of them share the machine's moods. */
export function measureAll(cases: readonly Case[], rounds: number): Timing[] {
  const calls = cases.map((each) => callsOf(each))
  const times = cases.map((): number[] => [])
  for (let round = -warmUpRounds; round < rounds; round++) {
    cases.forEach((each, i) => {
      const perCall = timeOf(each, calls[i] ?? 1)
      if (round >= 0) times[i]?.push(perCall)
    })
  }
  return cases.map(({ name, operations, bytes }, i) => {
    const perCall = medianOf(times[i] ?? [])
    const timing = { name, nanoseconds: perCall / operations }
    return bytes === undefined ? timing : { ...timing, megabytesPerSecond: (bytes / perCall) * 1000 }
  })
}

/** How often a case is called in its turn. */
function callsOf(each: Case): number {
  let calls = 1
  while (timeOf(each, calls) * calls < sliceMs * 1e6) calls *= 2
  return calls
}

let sink: unknown

/** Nanoseconds of one call. */
function timeOf(each: Case, calls: number): number {
  const start = process.hrtime.bigint()
  for (let i = 0; i < calls; i++) sink = each.run()
  return Number(process.hrtime.bigint() - start) / calls
}

/** What the last call of all answered. */
export function lastAnswer(): unknown {
  return sink
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
