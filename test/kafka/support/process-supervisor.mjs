// Runs the brokers of one cluster on behalf of a test process, which talks to it over Node's IPC channel. It lives in
// a session of its own and notices when the channel closes, so that neither Ctrl-C nor a kill -9 of the test run
// leaves a broker or its data behind. It ends only processes that it started.
import { execFile, spawn } from 'node:child_process'
import { openSync, closeSync, rmSync } from 'node:fs'
import process from 'node:process'

const children = new Map()
const folders = new Set()
const cleanups = []
let ending = false

const handlers = {
  start({ id, command, args, logFile, cwd }) {
    const log = openSync(logFile, 'a')
    const child = spawn(command, args, { cwd, stdio: ['ignore', log, log] })
    closeSync(log)
    children.set(id, child)
    child.once('spawn', () => report({ type: 'started', id, pid: child.pid }))
    child.once('error', (error) => settle(id, child, { error: error.message }))
    child.once('exit', (code, signal) => settle(id, child, { code, signal }))
  },
  signal({ id, signal }) {
    children.get(id)?.kill(signal)
  },
  // What is to be removed or run when the test process is done or gone.
  onEnd({ folder, cleanup }) {
    if (folder !== undefined) folders.add(folder)
    if (cleanup !== undefined) cleanups.push(cleanup)
  },
}

function settle(id, child, how) {
  if (children.get(id) === child) children.delete(id)
  report({ type: 'exited', id, ...how })
  if (ending) finishWhenEmpty()
}

function report(message) {
  if (process.connected) process.send(message, () => {})
}

function end() {
  if (ending) return
  ending = true
  for (const child of children.values()) child.kill('SIGKILL')
  finishWhenEmpty()
}

async function finishWhenEmpty() {
  if (children.size > 0) return
  for (const [command, ...args] of cleanups.splice(0)) {
    await new Promise((resolve) => execFile(command, args, resolve))
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.exit(0)
}

process.on('message', (message) => handlers[message.type]?.(message))
process.on('disconnect', end)
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, end)
process.on('SIGINT', () => {})
