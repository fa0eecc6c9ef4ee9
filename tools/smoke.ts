import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startKafka } from '../test/kafka/support/kafka-cluster'

const run = promisify(execFile)

// Starts one broker and runs the built package against it with each of the Node binaries named, or with this one.
//
//   tsx tools/smoke.ts [path/to/node …]

async function main(binaries: readonly string[]): Promise<void> {
  const cluster = await startKafka({ version: '4.3.1' })
  try {
    for (const binary of binaries) {
      // The limit is what finds a handle that was left open: the program has to end by itself.
      const { stdout } = await run(binary, ['.ci/smoke.mjs', cluster.bootstrap[0] ?? ''], { timeout: 60_000 })
      process.stdout.write(stdout)
    }
  } finally {
    await cluster.stop()
  }
}

const named = process.argv.slice(2)
main(named.length > 0 ? named : [process.execPath]).catch((error: unknown) => {
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${stdout}${stderr}`)
  process.exitCode = 1
})
