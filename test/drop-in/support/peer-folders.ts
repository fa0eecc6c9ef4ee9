import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { dropInFolder, packagesFolder } from './packages'

// Two projects as their users have them, that differ in one folder only:
//
//   kafkajs/node_modules/kafkajs           KafkaJS 2.2.4
//   typed-kafka/node_modules/kafkajs       our package of that name, and beside it typed-kafka, built from src
//   …/node_modules/<all other packages>    links to test/drop-in/node_modules
//   …/{cjs,esm}/<program>.js               test/drop-in/applications, compiled one file at a time
//   …/programs/<program>.cjs               test/drop-in/programs, as they are
//
// Node is told to keep the paths of links, so what the linked packages ask for is looked up in the project's folder: each
// finds the `kafkajs` of its project, by the rules that hold everywhere.

const root = join(dropInFolder, '../..')
const variable = 'TYPED_KAFKA_DROP_IN'

/** Who is behind the name `kafkajs`. */
export const peers = ['kafkajs', 'typed-kafka'] as const

/** One of {@link peers}. */
export type Peer = (typeof peers)[number]

/** How a program is compiled: `require` or `import`. */
export type ModuleFormat = 'cjs' | 'esm'

/** Makes both projects, once a run; their place is left in the environment for jest's workers. */
export function makePeerFolders(): string {
  const folder = mkdtempSync(join(tmpdir(), 'typed-kafka-drop-in-'))
  for (const peer of peers) {
    linkPackages(join(folder, peer, 'node_modules'), peer)
    compileApplications(join(folder, peer))
    cpSync(join(dropInFolder, 'programs'), join(folder, peer, 'programs'), { recursive: true })
  }
  const ours = join(folder, 'typed-kafka', 'node_modules')
  cpSync(join(root, 'kafkajs'), join(ours, 'kafkajs'), { recursive: true })
  buildPackage(join(ours, 'typed-kafka'))
  process.env[variable] = folder
  return folder
}

/** The project of one peer. */
export function peerFolder(peer: Peer): string {
  const folder = process.env[variable]
  if (folder === undefined)
    throw new Error('There are no projects to run: the global set-up of the tests has not run')
  return join(folder, peer)
}

/** `typed-kafka` as it is published, without declarations: package.json and what it exports. */
function buildPackage(target: string): void {
  const tsup = join(root, 'node_modules/tsup/dist/cli-default.js')
  const config = join(__dirname, 'tsup.config.ts')
  execFileSync(process.execPath, [tsup, '--config', config, '--silent', '--out-dir', join(target, 'dist')], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  cpSync(join(root, 'package.json'), join(target, 'package.json'))
  // Its own dependencies lie there too: the projects have none of their own.
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) {
    link(join(root, 'node_modules', name), join(target, 'node_modules', name))
  }
}

function linkPackages(target: string, peer: Peer): void {
  for (const name of packageNames()) {
    if (name === 'kafkajs' && peer !== 'kafkajs') continue
    link(join(packagesFolder, name), join(target, name))
  }
}

function packageNames(): string[] {
  return readdirSync(packagesFolder).flatMap((name) => {
    if (name.startsWith('.')) return []
    if (!name.startsWith('@')) return [name]
    return readdirSync(join(packagesFolder, name)).map((inner) => `${name}/${inner}`)
  })
}

function link(existing: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(existing, path, 'dir')
}

const moduleKinds = { cjs: ts.ModuleKind.CommonJS, esm: ts.ModuleKind.ES2022 }

function compileApplications(target: string): void {
  const source = join(dropInFolder, 'applications')
  for (const format of ['cjs', 'esm'] as const) {
    const folder = join(target, format)
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ type: format === 'esm' ? 'module' : 'commonjs' }),
    )
    for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      if (file.endsWith('.ts'))
        compile(join(source, file), join(folder, relative('.', dirname(file))), format)
    }
  }
}

function compile(file: string, folder: string, format: ModuleFormat): void {
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    fileName: file,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: moduleKinds[format],
      esModuleInterop: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, basename(file).replace(/\.ts$/, '.js')), outputText)
}
