import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

// Packs the package as it would be published and uses it the way users do: from an ES module, from CommonJS and from
// TypeScript under both ways to resolve modules, in folders that know nothing of this project. Needs `npm run build`.

const run = promisify(execFile)
const quiet = ['--no-audit', '--no-fund', '--no-save', '--prefer-offline', '--loglevel', 'error']
const bin = (name: string, folder = process.cwd()): string => join(folder, 'node_modules', '.bin', name)

interface Packed {
  filename: string
  size: number
  unpackedSize: number
  files: { path: string }[]
}

const allowed =
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|NOTICE|testing\/package\.json|dist\/[\w./-]+\.(js|cjs|d\.ts|d\.cts|map))$/

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'typed-kafka-package-'))
  try {
    const tarball = await pack(folder)
    await check('publint', bin('publint'), ['run', '--strict', tarball])
    await check('types resolve everywhere', bin('attw'), [tarball])
    await install(folder, tarball)
    await check('ES module', process.execPath, ['use.mjs'], folder)
    await check('CommonJS', process.execPath, ['use.cjs'], folder)
    await check('loads little', process.execPath, ['light.mjs'], folder)
    await check('command', bin('typed-kafka', folder), ['broker', '--help'], folder)
    for (const resolution of ['node16', 'bundler']) {
      await check(`TypeScript, ${resolution}`, bin('tsc'), ['-p', `tsconfig.${resolution}.json`], folder)
    }
    await checkAlias(join(folder, 'alias'), tarball)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The package that stands in for kafkajs, under that name, beside ours; that it runs is proved by test/drop-in. */
async function checkAlias(folder: string, ours: string): Promise<void> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, './kafkajs']
  const [packed] = JSON.parse((await run('npm', args)).stdout) as Packed[]
  if (packed === undefined) throw new Error('npm pack made nothing of kafkajs/')
  const tarball = join(folder, packed.filename)
  await check('kafkajs, publint', bin('publint'), ['run', '--strict', tarball])
  await run('npm', ['install', '--ignore-scripts', ...quiet, `kafkajs@${tarball}`, ours, '@types/node@20'], {
    cwd: folder,
  })
  // Users of KafkaJS have old settings: the first way to resolve is that of most NestJS projects.
  for (const resolution of ['node10', 'node16', 'bundler']) {
    const project = ['-p', `tsconfig.${resolution}.json`]
    await check(`kafkajs, TypeScript, ${resolution}`, bin('tsc'), project, folder)
  }
}

async function pack(folder: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder])
  const [packed] = JSON.parse(stdout) as Packed[]
  if (packed === undefined) throw new Error('npm pack made nothing')
  const foreign = packed.files.map((file) => file.path).filter((path) => !allowed.test(path))
  if (foreign.length > 0) throw new Error(`These files do not belong into the package: ${foreign.join(', ')}`)
  const entries = ['index', 'kafkajs', 'testing'].flatMap((name) => [`dist/${name}.js`, `dist/${name}.cjs`])
  for (const needed of ['LICENSE', 'NOTICE', 'README.md', 'dist/cli.cjs', ...entries]) {
    if (!packed.files.some((file) => file.path === needed)) throw new Error(`The package lacks ${needed}`)
  }
  say(`packed: ${Math.round(packed.size / 1024)} KiB, ${Math.round(packed.unpackedSize / 1024)} KiB unpacked`)
  return join(folder, packed.filename)
}

async function install(folder: string, tarball: string): Promise<void> {
  const fixtures = join(process.cwd(), 'test', 'package')
  for (const file of await readdir(fixtures)) {
    await cp(join(fixtures, file), join(folder, file), { recursive: true })
  }
  // Install scripts are off: the package must need none.
  await run('npm', ['install', '--ignore-scripts', ...quiet, tarball, '@types/node@20'], { cwd: folder })
}

async function check(what: string, command: string, args: string[], cwd = process.cwd()): Promise<void> {
  try {
    await run(command, args, { cwd, env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' } })
    say(`${what}: ok`)
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${what} failed:\n${stdout}\n${stderr}`, { cause: error })
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
