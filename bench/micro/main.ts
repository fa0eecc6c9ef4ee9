import { appendTimings } from './append'
import { batchCases } from './batches'
import { codecCases } from './codecs'
import { lastAnswer, measureAll, type Timing } from './harness'
import { numberCases } from './numbers'

const groups = {
  numbers: numberCases,
  batches: batchCases,
  codecs: codecCases,
}

/** Measures the groups that were asked for; all without any. */
async function main(): Promise<void> {
  const [words = '', roundsGiven = '15', asJson = ''] = process.argv.slice(2)
  const rounds = Number(roundsGiven)
  const wanted = (name: string) => words === '' || words.split(',').includes(name)
  const timings: Timing[] = []
  for (const [name, cases] of Object.entries(groups)) {
    if (wanted(name)) timings.push(...measureAll(cases, rounds))
  }
  if (wanted('append')) timings.push(...(await appendTimings(rounds)))
  if (lastAnswer() === undefined && timings.length === 0) throw new Error(`There is no group '${words}'`)
  console.log(asJson === '--json' ? JSON.stringify(timings) : timings.map(lineOf).join('\n'))
}

function lineOf({ name, nanoseconds, megabytesPerSecond }: Timing): string {
  const time = nanoseconds >= 1000 ? `${(nanoseconds / 1000).toFixed(1)} µs` : `${nanoseconds.toFixed(1)} ns`
  const rate = megabytesPerSecond === undefined ? '' : `${Math.round(megabytesPerSecond)} MB/s`
  return `${name.padEnd(50)} ${time.padStart(10)} ${rate.padStart(12)}`
}

await main()
