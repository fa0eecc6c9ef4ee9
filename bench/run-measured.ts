import { fork } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from './clients'
import type { Spec } from './workloads'

const folder = import.meta.dirname
const timeLimitMs = 120_000

/** The figures of one run, by name; see `figures.ts` for what they mean. */
export type Figures = Readonly<Record<string, number>>

/** The Node that all clients run on: one version for all, and new enough for each. */
export function nodeBinary(): string {
  const own = join(folder, 'node_modules/node24/bin/node')
  return existsSync(own) ? own : process.execPath
}

/** How a process is measured. */
export interface MeasuredRun {
  readonly client: Client
  readonly spec: Spec
  /** Default: `nodeBinary()`. */
  readonly node?: string | undefined
  /** Folder for a profile of the CPU. */
  readonly profile?: string | undefined
  /** Folder for a profile of what is allocated. */
  readonly allocations?: string | undefined
}

/** Runs one client with one workload in a process of its own, and returns its figures. */
export async function runMeasured({
  client,
  spec,
  node,
  profile,
  allocations,
}: MeasuredRun): Promise<Figures> {
  const execArgv = ['--expose-gc']
  for (const created of [profile, allocations]) {
    if (created !== undefined) mkdirSync(created, { recursive: true })
  }
  if (profile !== undefined) {
    execArgv.push('--cpu-prof', `--cpu-prof-dir=${profile}`, '--cpu-prof-interval=250')
  }
  const child = fork(join(folder, 'measured/main.mjs'), [], {
    execPath: node ?? nodeBinary(),
    execArgv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let errors = ''
  child.stderr?.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-4000)))
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const answer = new Promise<Answer>((resolve) => {
    child.once('message', (message) => resolve(message as Answer))
    child.once('exit', (code, signal) => resolve({ error: `it ended with ${code ?? signal}. ${errors}` }))
  })
  child.send({ ...spec, allocations, adapter: client.adapter, clientOptions: client.clientOptions })
  const { result, error } = await withinLimit(answer)
  if (result === undefined) child.kill('SIGKILL')
  await exited
  if (result === undefined) throw new Error(`${client.title}: ${error}`)
  return result
}

interface Answer {
  readonly result?: Figures
  readonly error?: string
}

async function withinLimit(answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve({ error: `it took longer than ${timeLimitMs / 1000} s` }), timeLimitMs)
  })
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
