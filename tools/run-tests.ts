import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JestOutcome, runJest, runJestWithSecondAttempt } from './support/jest-run'

// Runs all tests: those that need no broker side by side, then those of the drop-in, which install the packages of
// KafkaJS's users first, then those on real Kafka. These wait most of their time, for sessions to end and brokers to come
// back: three files run at once, of which two may have a cluster of their own. With CI=true a file that failed gets a second
// attempt, as the tests of Kafka itself do in its CI, and what needed one is named at the end. Ends with one line that
// counts them all, from jest's own results.
//
//   tsx tools/run-tests.ts [--only unit|drop-in|kafka] [arguments for jest]

const workers: Readonly<Record<string, number>> = { unit: 2, 'drop-in': 2, kafka: 3 }

async function main(args: string[]): Promise<void> {
  const { names, rest } = parse(args)
  const folder = await mkdtemp(join(tmpdir(), 'typed-kafka-results-'))
  const attempt = process.env['CI'] === 'true' ? runJestWithSecondAttempt : runJest
  const outcomes: JestOutcome[] = []
  try {
    for (const name of names) {
      outcomes.push(
        await attempt({
          workers: workers[name] ?? 1,
          args: [...rest, '--selectProjects', name],
          outputFile: join(folder, `${name}.json`),
        }),
      )
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const sum = (key: 'passed' | 'failed' | 'notRun'): number =>
    outcomes.reduce((all, each) => all + each[key], 0)
  const shaky = outcomes.flatMap((each) => each.passedSecondTime)
  if (shaky.length > 0) process.stdout.write(`Passed in the second attempt only:\n  ${shaky.join('\n  ')}\n`)
  if (sum('notRun') > 0) process.stdout.write(`${sum('notRun')} tests did not run; they are listed above\n`)
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`)
  const passed = outcomes.every((each) => each.succeeded) && sum('failed') === 0 && sum('passed') > 0
  process.exitCode = passed ? 0 : 1
}

function parse(args: string[]): { names: string[]; rest: string[] } {
  const at = args.indexOf('--only')
  if (at === -1)
    return { names: Object.keys(workers), rest: [...args, ...(args.length > 0 ? ['--passWithNoTests'] : [])] }
  const name = args[at + 1] ?? ''
  if (!(name in workers))
    throw new Error(`--only takes one of ${Object.keys(workers).join(', ')}, not "${name}"`)
  return { names: [name], rest: args.toSpliced(at, 2) }
}

void main(process.argv.slice(2))
