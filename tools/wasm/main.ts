import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

// Compiles tools/wasm/assembly/blocks.ts to WebAssembly and writes it, as text, to
// src/wire/records/compression/block-module.ts.
//
//   tsx tools/wasm/main.ts [--check]
//
// `--check` writes nothing and fails when the file is not what it would write.

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const sourceFile = 'tools/wasm/assembly/blocks.ts'
const targetFile = 'src/wire/records/compression/block-module.ts'
const compilerOptions = ['-O3', '--runtime', 'stub', '--noAssert', '--importMemory']
const lineLength = 100

async function compile(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'typed-kafka-wasm-'))
  try {
    const target = join(folder, 'module.wasm')
    const compiler = join(root, 'node_modules/assemblyscript/bin/asc.js')
    await run(process.execPath, [compiler, sourceFile, '-o', target, ...compilerOptions], { cwd: root })
    return await readFile(target)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function toSource(module: Buffer): string {
  const text = module.toString('base64')
  const lines: string[] = []
  for (let at = 0; at < text.length; at += lineLength) lines.push(`  '${text.slice(at, at + lineLength)}'`)
  return [
    `// Made of ${sourceFile} by \`npm run generate\`: don't edit.`,
    '',
    '/** The block codecs as a WebAssembly module, in base64. */',
    '// prettier-ignore',
    'export const blockModule =',
    lines.join(' +\n'),
    '',
  ].join('\n')
}

async function main(isCheck: boolean): Promise<void> {
  const file = join(root, targetFile)
  const source = toSource(await compile())
  if (!isCheck) return writeFile(file, source)
  if ((await readFile(file, 'utf8')) === source) return
  console.error(`${targetFile} is not what ${sourceFile} makes: run \`npm run generate\``)
  process.exitCode = 1
}

void main(process.argv.includes('--check'))
