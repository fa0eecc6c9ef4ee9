// Guards the one line: a fresh project that names our package `kafkajs` gets it under this name, from a registry, also where
// a package of its own asks for KafkaJS; and what it gets has the names and files of KafkaJS.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as theirs from 'kafkajs'
import { silentLogger } from '../../src/base/logger'
import { createCluster, type TestCluster } from '../../src/testing'
import { compareProgram, differs } from './support/compare-program'
import { installIn } from './support/install-in'
import { LocalRegistry } from './support/local-registry'
import { peerFolder } from './support/peer-folders'
import { type ProgramOutcome, runProgramIn } from './support/run-program'

const root = join(__dirname, '../..')
const names = Object.keys(theirs)
  .filter((name) => name !== 'default')
  .sort()

const sameInBoth = {
  'every value is there': true,
  'the version is one that instrumentation looks for': true,
  "the file of the class is the class; those of its clients' factories are functions": [
    true,
    'function',
    'function',
  ],
  'required and imported it is the same class': true,
}

describe('what the name kafkajs gives', () => {
  test('1: KafkaJS has the 44 names of the specification', () => {
    expect(names).toHaveLength(44)
  })
  describe('12.2: required', () => {
    compareProgram(() => ({ program: 'names', brokers: [] }), { ...sameInBoth, names })
  })
  describe('12.2: imported', () => {
    compareProgram(() => ({ program: 'names', format: 'esm', brokers: [] }), {
      ...sameInBoth,
      names: differs(names, {
        on: expect.not.arrayContaining(['CompressionTypes', 'KafkaJSError']) as unknown,
        because: 'only the names that Node can see in its text can be imported (#1391)',
      }),
    })
  })
})

describe('12.1: a fresh project with "kafkajs": "npm:typed-kafka-kafkajs" and an override', () => {
  const place = mkdtempSync(join(tmpdir(), 'typed-kafka-alias-'))
  const project = join(place, 'project')
  const registry = new LocalRegistry(place)
  let cluster: TestCluster | undefined

  /** A package that brings KafkaJS as a dependency of its own. */
  function writeFramework(): string {
    const folder = join(place, 'framework')
    mkdirSync(folder)
    const dependencies = { kafkajs: '^2.2.4' }
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'framework', version: '1.0.0', dependencies }),
    )
    writeFileSync(join(folder, 'index.js'), "module.exports = require('kafkajs')\n")
    return folder
  }

  function writeProject(): void {
    cpSync(join(peerFolder('typed-kafka'), 'cjs'), join(project, 'cjs'), { recursive: true })
    cpSync(join(peerFolder('typed-kafka'), 'esm'), join(project, 'esm'), { recursive: true })
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({
        ...{ name: 'fresh', private: true },
        dependencies: { kafkajs: 'npm:typed-kafka-kafkajs@^2.3.0', framework: '1.0.0' },
        overrides: { kafkajs: '$kafkajs' },
      }),
    )
  }

  beforeAll(async () => {
    const built = join(peerFolder('typed-kafka'), 'node_modules')
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    const ourOwn = Object.keys(dependencies).map((name) => join(root, 'node_modules', name))
    await registry.start([join(built, 'typed-kafka'), join(built, 'kafkajs'), writeFramework(), ...ourOwn])
    writeProject()
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error']
    // Not waited for by a call that blocks: this process is the registry.
    await installIn(project, ['--registry', registry.url, '--cache', join(place, 'cache'), ...quiet])
    cluster = await createCluster({ brokers: 1, logger: silentLogger })
  }, 120_000)

  afterAll(async () => {
    await cluster?.close()
    await registry.close()
    rmSync(place, { recursive: true, force: true })
  })

  const valuesOf = ({ cases }: ProgramOutcome): unknown[] =>
    Object.values(cases).map((result) => ('value' in result ? result.value : result))

  test.each(['cjs', 'esm'] as const)('%s: a program sends and reads', async (format) => {
    const brokers = cluster?.bootstrap ?? []
    const outcome = await runProgramIn(project, 'typed-kafka', { program: 'basic', format, brokers })
    expect(valuesOf(outcome)).toEqual([true, expect.objectContaining({ seen: [expect.anything()] })])
    expect(outcome.endsByItself).toBe(true)
  })

  test.each(['cjs', 'esm'] as const)('%s: all names are there, and the files', async (format) => {
    const outcome = await runProgramIn(project, 'typed-kafka', { program: 'names', format, brokers: [] })
    expect(outcome.cases).toMatchObject({
      names: { value: names },
      ...Object.fromEntries(Object.entries(sameInBoth).map(([title, value]) => [title, { value }])),
    })
  })

  test('a package that asks for KafkaJS gets the same one, and there is no other', () => {
    const program = "process.stdout.write(String(require('framework').Kafka === require('kafkajs').Kafka))"
    expect(execFileSync(process.execPath, ['-e', program], { cwd: project, encoding: 'utf8' })).toBe('true')
    const list = execFileSync('npm', ['ls', 'kafkajs', '--all', '--json'], { cwd: project, encoding: 'utf8' })
    expect(list).not.toContain('2.2.4')
  })

  test('the package stands for no other version of ours than it was made with', () => {
    const read = (folder: string): { version: string; dependencies: Record<string, string> } =>
      JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as ReturnType<typeof read>
    expect(read('kafkajs').dependencies).toEqual({ 'typed-kafka': `^${read('.').version}` })
  })
})
