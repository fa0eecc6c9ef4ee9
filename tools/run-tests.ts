import { spawn } from 'node:child_process'
import { access, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Runs all tests: those that need no broker side by side, then those of the drop-in, which install the packages of
// KafkaJS's users first, then those on real Kafka. These wait most of their time, for sessions to end and brokers to come
// back: three files run at once, of which two may have a cluster of their own. Ends with one line that counts them all,
// from jest's own results.
//
//   tsx tools/run-tests.ts [--only unit|drop-in|kafka] [arguments for jest]

interface JestResults {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  /** Files that could not even be loaded; their tests are in no other count. */
  numRuntimeErrorTestSuites: number
}

interface Outcome {
  passed: number
  failed: number
  notRun: number
  succeeded: boolean
}

const runs: Readonly<Record<string, readonly string[]>> = {
  unit: ['--selectProjects', 'unit', '--maxWorkers', '2'],
  'drop-in': ['--selectProjects', 'drop-in', '--maxWorkers', '2'],
  kafka: ['--selectProjects', 'kafka', '--maxWorkers', '3'],
}

async function main(args: string[]): Promise<void> {
  const { names, rest } = parse(args)
  const folder = await mkdtemp(join(tmpdir(), 'typed-kafka-results-'))
  const outcomes: Outcome[] = []
  try {
    for (const name of names) {
      outcomes.push(await runJest([...(runs[name] ?? []), ...rest], join(folder, `${name}.json`)))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const sum = (key: 'passed' | 'failed' | 'notRun'): number =>
    outcomes.reduce((all, each) => all + each[key], 0)
  if (sum('notRun') > 0) process.stdout.write(`${sum('notRun')} tests did not run; they are listed above\n`)
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`)
  const passed = outcomes.every((each) => each.succeeded) && sum('failed') === 0 && sum('passed') > 0
  process.exitCode = passed ? 0 : 1
}

function parse(args: string[]): { names: string[]; rest: string[] } {
  const at = args.indexOf('--only')
  if (at === -1)
    return { names: Object.keys(runs), rest: [...args, ...(args.length > 0 ? ['--passWithNoTests'] : [])] }
  const name = args[at + 1] ?? ''
  if (!(name in runs)) throw new Error(`--only takes one of ${Object.keys(runs).join(', ')}, not "${name}"`)
  return { names: [name], rest: args.toSpliced(at, 2) }
}

function runJest(args: readonly string[], outputFile: string): Promise<Outcome> {
  const jest = join(process.cwd(), 'node_modules/jest/bin/jest.js')
  // The binary that runs this program runs jest, so that a run under another Node version is one.
  const child = spawn(process.execPath, [jest, ...args, '--json', '--outputFile', outputFile], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const watch = setInterval(() => void endIfLeftOver(), 1000)
  let graceSeconds = 15
  // Jest waits for ever for sockets and timers that a test has left open: that is a failure, not a reason to hang.
  const endIfLeftOver = async (): Promise<void> => {
    if (!(await exists(outputFile)) || graceSeconds-- > 0) return
    process.stdout.write(
      'Something is still open after the last test; the run is ended and counts as failed\n',
    )
    child.kill('SIGKILL')
  }
  return new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(readOutcome(outputFile, code === 0)))
  }).finally(() => clearInterval(watch))
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}

async function readOutcome(outputFile: string, succeeded: boolean): Promise<Outcome> {
  const text = await readFile(outputFile, 'utf8').catch(() => null)
  // Without a result nothing is known to have passed, and the run counts as one failure.
  if (text === null) return { passed: 0, failed: 1, notRun: 0, succeeded: false }
  const results = JSON.parse(text) as JestResults
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    notRun: results.numPendingTests + results.numTodoTests,
    succeeded,
  }
}

void main(process.argv.slice(2))
