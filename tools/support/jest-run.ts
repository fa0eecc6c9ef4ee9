import { spawn } from 'node:child_process'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'

interface JestResults {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  /** Files that could not even be loaded; their tests are in no other count. */
  numRuntimeErrorTestSuites: number
  testResults: {
    name: string
    status: string
    assertionResults: { status: string }[]
  }[]
}

/** What came of a run of jest, from jest's own results. */
export interface JestOutcome {
  readonly passed: number
  readonly failed: number
  readonly notRun: number
  readonly succeeded: boolean
  readonly failedFiles: readonly FailedFile[]
  /** Files that failed first; all of them passed in the second attempt. */
  readonly passedSecondTime: readonly string[]
}

interface FailedFile {
  readonly path: string
  /** Its tests that passed. */
  readonly passed: number
}

/** Without a result nothing is known to have passed, and the run counts as one failure. */
const noResult: JestOutcome = {
  passed: 0,
  failed: 1,
  notRun: 0,
  succeeded: false,
  failedFiles: [],
  passedSecondTime: [],
}

const say = (text: string) => process.stdout.write(`${text}\n`)

/** What jest is to run. */
export interface JestRun {
  /** How many files at once. */
  readonly workers: number
  readonly args: readonly string[]
  /** Where its results go. */
  readonly outputFile: string
}

/** Runs jest; what it says is shown. */
export function runJest({ workers, args, outputFile }: JestRun): Promise<JestOutcome> {
  const jest = join(process.cwd(), 'node_modules/jest/bin/jest.js')
  const allArgs = [jest, '--maxWorkers', String(workers), '--json', '--outputFile', outputFile, ...args]
  // The binary that runs this program runs jest, so that a run under another Node version is one.
  const child = spawn(process.execPath, allArgs, { stdio: ['ignore', 'inherit', 'inherit'] })
  const watch = setInterval(() => void endIfLeftOver(), 1000)
  let graceSeconds = 15
  // Jest waits for ever for sockets and timers that a test has left open: that is a failure, not a reason to hang.
  const endIfLeftOver = async (): Promise<void> => {
    if (!(await exists(outputFile)) || graceSeconds-- > 0) return
    say('Something is still open after the last test; the run is ended and counts as failed')
    child.kill('SIGKILL')
  }
  return new Promise<JestOutcome>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(readOutcome(outputFile, code)))
  }).finally(() => clearInterval(watch))
}

/** Files that failed get a second attempt if they are no more than so many: a defect is seldom in one place alone. */
const mostSecondAttempts = 3

/**
 * Runs jest, and the files that failed once more, with nothing beside them: for a machine that nobody watches, where what
 * is not ours takes its share of the time, and real brokers and other clients stumble now and then. Both attempts are shown.
 */
export async function runJestWithSecondAttempt(run: JestRun): Promise<JestOutcome> {
  const first = await runJest(run)
  const paths = first.failedFiles.map(({ path }) => path)
  if (paths.length === 0 || paths.length > mostSecondAttempts || first.notRun > 0) return first
  say(`Failed, and now run once more, one after the other:\n  ${paths.join('\n  ')}`)
  const second = await runJest({
    workers: 1,
    args: [...run.args, '--runTestsByPath', ...paths],
    outputFile: `${run.outputFile}.second`,
  })
  return {
    ...second,
    passed: first.passed - first.failedFiles.reduce((sum, { passed }) => sum + passed, 0) + second.passed,
    notRun: first.notRun + second.notRun,
    passedSecondTime: second.succeeded ? paths : [],
  }
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}

async function readOutcome(outputFile: string, code: number | null): Promise<JestOutcome> {
  const text = await readFile(outputFile, 'utf8').catch(() => null)
  if (text === null) return noResult
  const results = JSON.parse(text) as JestResults
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
  return {
    passed: results.numPassedTests,
    // A run that was ended, or that jest found fault with for another reason than a test.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    notRun: results.numPendingTests + results.numTodoTests,
    succeeded: code === 0,
    failedFiles: code === null ? [] : failedFilesOf(results),
    passedSecondTime: [],
  }
}

function failedFilesOf({ testResults }: JestResults): FailedFile[] {
  return testResults
    .filter(({ status }) => status === 'failed')
    .map(({ name, assertionResults }) => ({
      path: name,
      passed: assertionResults.filter(({ status }) => status === 'passed').length,
    }))
}
