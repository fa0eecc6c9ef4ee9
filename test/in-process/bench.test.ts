// Guards against: a bench that rots because nobody runs it between releases, while what it is built on moves on.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { silentLogger } from '../../src/base/logger'
import { createCluster } from '../../src/testing'

const run = promisify(execFile)

interface Figures {
  readonly perSecond: { readonly median: number }
  readonly cpuMicros: { readonly median: number }
  readonly peakMemoryMb: { readonly median: number }
}

interface Results {
  readonly workloads: Record<string, { clients: Record<string, { figures?: Figures; failure?: string }> }>
}

test('the bench measures our client and the socket alone, and keeps the figures', async () => {
  await using cluster = await createCluster({ logger: silentLogger, maxBytes: 2 ** 30, requestLogSize: 0 })
  const folder = await mkdtemp(join(tmpdir(), 'typed-kafka-bench-test-'))
  try {
    const file = join(folder, 'results.json')
    const options = ['--clients', 'typed-kafka,socket', '--rounds', '1', '--seconds', '1', '--warm-up', '0']
    const { stdout } = await run(
      process.execPath,
      [
        'node_modules/tsx/dist/cli.mjs',
        'bench/run.ts',
        '--only',
        'produce-100',
        ...options,
        '--results',
        file,
      ],
      { env: { ...process.env, KAFKA_BROKERS: cluster.bootstrap.join(',') } },
    )
    expect(stdout).toContain('arrays of 500 × 100 B')

    const { workloads } = JSON.parse(await readFile(file, 'utf8')) as Results
    const { clients = {} } = workloads['produce-100'] ?? {}
    expect(Object.keys(clients)).toEqual(['typed-kafka', 'socket'])
    for (const { figures, failure } of Object.values(clients)) {
      expect(failure).toBeUndefined()
      expect(figures?.perSecond.median).toBeGreaterThan(1000)
      expect(figures?.cpuMicros.median).toBeGreaterThan(0)
      expect(figures?.peakMemoryMb.median).toBeGreaterThan(20)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 60_000)
