// Guards the layer rules: a rule that matches nothing would let every import pass.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const value = 'export const value = 1\n'
const imports = (path: string): string =>
  `import type { value } from '${path}'\nexport type Own = typeof value\n`
const runs = (path: string): string =>
  `import { value as other } from '${path}'\nexport const value: number = other\n`
const opensSocket = "import { connect } from 'node:net'\nexport const open = connect\n"

/** From, to and the rule that refuses it; null where it is allowed. */
const cases: [from: string, to: string, rule: string | null][] = [
  ['wire', 'base', null],
  ['admin', 'cluster', null],
  ['testing', 'wire', null],
  ['base', 'wire', 'base-imports-only-lower-layers'],
  ['serde', 'network', 'serde-imports-only-lower-layers'],
  ['network', 'cluster', 'network-imports-only-lower-layers'],
  ['cluster', 'producer', 'cluster-imports-only-lower-layers'],
  ['producer', 'consumer', 'producer-imports-only-layers'],
  ['consumer', 'admin', 'consumer-imports-only-layers'],
  ['admin', 'share', 'admin-imports-only-layers'],
  ['testing', 'network', 'testing-shares-only-bytes-with-the-client'],
  ['kafkajs', 'producer', 'kafkajs-uses-the-public-surface'],
]

describe('the layer rules', () => {
  let broken: Set<string>

  beforeAll(() => {
    const files: Record<string, string> = {
      'src/base/ring-a.ts': runs('./ring-b'),
      'src/base/ring-b.ts': runs('./ring-a'),
      'src/base/types-a.ts': imports('./types-b') + value,
      'src/base/types-b.ts': imports('./types-a') + value,
      'src/wire/one/a.ts': imports('../two/b') + value,
      'src/wire/two/b.ts': imports('../one/a') + value,
      'src/network/opens.ts': opensSocket,
      'src/producer/opens.ts': opensSocket,
      'src/wire/generated/broker/half.ts': value,
      'src/cluster/uses-half.ts': imports('../wire/generated/broker/half'),
    }
    for (const [from, to] of cases) {
      files[`src/${to}/value.ts`] = value
      files[`src/${from}/uses-${to}.ts`] = imports(`../${to}/value`)
    }
    broken = brokenRules(files)
  }, 30_000)

  it.each(cases)('judge an import of a type from %s to %s: %s', (from, to, rule) => {
    const found = [...broken].filter((line) => line.endsWith(` src/${from}/uses-${to}.ts`))
    expect(found).toEqual(rule === null ? [] : [`${rule} src/${from}/uses-${to}.ts`])
  })

  it('refuse a cycle of files that run each other, and let two of one folder name their types', () => {
    expect(broken).toContain('no-cycles-between-files src/base/ring-a.ts')
    expect([...broken].filter((line) => line.includes('types-'))).toEqual([])
  })

  it('refuse a cycle between folders, of types too', () => {
    expect(broken).toContain('no-cycles-between-folders src/wire/one')
  })

  it('let the network layer alone open sockets', () => {
    expect(broken).toContain('only-network-opens-sockets src/producer/opens.ts')
    expect(broken).not.toContain('only-network-opens-sockets src/network/opens.ts')
  })

  it("refuse the broker's half of the codecs in the client", () => {
    expect(broken).toContain('client-does-not-carry-the-broker-half src/cluster/uses-half.ts')
  })
})

/** Runs the project's rules over files of its own and gives what was broken, as `rule file`. */
function brokenRules(files: Record<string, string>): Set<string> {
  const folder = mkdtempSync(join(tmpdir(), 'typed-kafka-layers-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json']) cpSync(name, join(folder, name))
    const cruise = join(process.cwd(), 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
    const args = [cruise, 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json']
    const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    const { summary } = JSON.parse(stdout) as {
      summary: { violations: { from: string; rule: { name: string } }[] }
    }
    return new Set(summary.violations.map(({ rule, from }) => `${rule.name} ${from}`))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
