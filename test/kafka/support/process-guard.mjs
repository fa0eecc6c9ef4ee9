// Runs one command with its own standard streams and ends it when the process that asked for it is done or gone,
// which shows as the end of the IPC channel.
import { spawn } from 'node:child_process'
import process from 'node:process'

const [command, ...args] = process.argv.slice(2)
const child = spawn(command, args, { stdio: 'inherit' })
process.on('disconnect', () => child.kill('SIGKILL'))
process.on('message', (signal) => child.kill(signal))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill('SIGKILL'))
child.once('error', (error) => {
  process.stderr.write(`${command}: ${error.message}\n`)
  process.exit(127)
})
child.once('exit', (code) => {
  process.exitCode = code ?? 137
  if (process.connected) process.disconnect()
})
