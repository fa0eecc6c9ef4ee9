import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { CaseResult } from '../applications/support/application'
import { type ModuleFormat, type Peer, peerFolder } from './peer-folders'

/** What a program is run with. */
export interface ProgramOptions {
  /** File of test/drop-in/applications, without `.ts`. */
  readonly program: string
  readonly brokers: readonly string[]
  /** Default `cjs`. */
  readonly format?: ModuleFormat
  /** Further options of Node, as users of tracers have them: `--require …`. */
  readonly nodeOptions?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Given to the program as `more`. */
  readonly more?: Readonly<Record<string, string>>
}

/** What came of a program. */
export interface ProgramOutcome {
  readonly cases: Readonly<Record<string, CaseResult>>
  /** The process ended when the program was done, with nothing left that kept it. */
  readonly endsByItself: boolean
}

interface Report {
  readonly cases: Record<string, CaseResult>
  readonly failure: string | null
}

const programTimeoutMs = 120_000
const endTimeoutMs = 10_000

/** Runs a program in a process of its own, in the project of one peer. */
export async function runProgram(peer: Peer, options: ProgramOptions): Promise<ProgramOutcome> {
  return await runProgramIn(peerFolder(peer), peer, options)
}

/** Runs a program in a project that has the compiled programs of a peer's. */
export async function runProgramIn(
  folder: string,
  peer: Peer,
  options: ProgramOptions,
): Promise<ProgramOutcome> {
  const { program, brokers, format = 'cjs', nodeOptions = [], env = {}, more = {} } = options
  // Not from a counter: files of tests share brokers, and each would begin to count anew.
  const run = randomBytes(6).toString('hex')
  const child = fork(join(folder, format, `${program}.js`), {
    cwd: join(folder, format),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--preserve-symlinks', '--preserve-symlinks-main', '--no-warnings', ...nodeOptions],
    env: {
      ...cleanEnvironment(),
      KAFKAJS_NO_PARTITIONER_WARNING: '1',
      ...env,
      DROP_IN_INPUT: JSON.stringify({ brokers, run, peer, more }),
    },
  })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (part: Buffer) => said.push(String(part)))
  const exited = once(child, 'exit')
  const end = setTimeout(() => child.kill('SIGKILL'), programTimeoutMs)
  const report = await Promise.race([
    once(child, 'message').then(([it]) => it as Report),
    exited.then(() => null),
  ])
  clearTimeout(end)
  const endsByItself = await endOf(child, exited)
  if (report === null || report.failure !== null) {
    throw new Error(`${program} on ${peer} failed: ${report?.failure ?? 'it ended early'}\n${said.join('')}`)
  }
  const cases = JSON.parse(JSON.stringify(report.cases).replaceAll(`-${run}`, '')) as ProgramOutcome['cases']
  return { cases, endsByItself }
}

/** Jest's own settings are none of the program's, and NODE_ENV=test makes KafkaJS another one. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_ENV: _environment, JEST_WORKER_ID: _worker, NODE_OPTIONS: _options, ...rest } = process.env
  return rest
}

async function endOf(child: ReturnType<typeof fork>, exited: Promise<unknown>): Promise<boolean> {
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs)
  await exited
  clearTimeout(timer)
  return child.signalCode === null
}
