import { startKafka } from './kafka-cluster'

// A stand-in for a test run, for the test that kills one: starts a broker, says so in one line, and waits.
async function main(): Promise<void> {
  const { folder, nodes, supervisorPid } = await startKafka({ version: '4.3.1' })
  const pids = [supervisorPid, ...nodes.map((node) => node.pid)]
  process.stdout.write(`${JSON.stringify({ folder, pids, parent: process.pid })}\n`)
  setInterval(() => {}, 60_000)
}

void main()
