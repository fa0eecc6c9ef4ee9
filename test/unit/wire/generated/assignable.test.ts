// Guards against decoded messages that can't be written again: the types of the two directions must fit each other.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  createCompilerHost,
  createProgram,
  createSourceFile,
  flattenDiagnosticMessageText,
  getPreEmitDiagnostics,
  ModuleKind,
  ModuleResolutionKind,
  ScriptTarget,
  type CompilerOptions,
} from 'typescript'
import { clientApis } from '../../../../src/wire/generated/client/all-apis'
import { dataCodecs } from '../../../../src/wire/generated/data/all-codecs'
import { kebabCase } from '../../../../tools/generate/names'

const root = join(__dirname, '..', '..', '..', '..')
const generated = join(root, 'src', 'wire', 'generated')

const options: CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ScriptTarget.ES2022,
  module: ModuleKind.ESNext,
  moduleResolution: ModuleResolutionKind.Bundler,
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')],
}

/** Type errors of a module that stands, in memory only, in the folder of generated code. */
function typeErrors(text: string): string[] {
  const file = join(generated, 'assignable.ts')
  const host = createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (name) => name === file || fileExists.call(host, name)
  host.readFile = (name) => (name === file ? text : readFile.call(host, name))
  host.getSourceFile = (name, ...rest) =>
    name === file
      ? createSourceFile(name, text, ScriptTarget.ES2022)
      : getSourceFile.call(host, name, ...rest)
  const program = createProgram([file], options, host)
  return getPreEmitDiagnostics(program).map(({ messageText }) =>
    flattenDiagnosticMessageText(messageText, '\n'),
  )
}

/** A line that compiles only if every value of the first type is one of the second. */
function fits(index: string, from: string, to: string): string {
  return `export const fits${index}: (message: ${from}) => ${to} = (message) => message\n`
}

function apiLines(name: string, index: number): string {
  const file = kebabCase(name)
  return (
    `import type * as C${index} from './client/${file}'\nimport type * as B${index} from './broker/${file}'\n` +
    fits(`Request${index}`, `B${index}.${name}Request`, `C${index}.${name}Request`) +
    fits(`Response${index}`, `C${index}.${name}Response`, `B${index}.${name}Response`)
  )
}

function dataLines(name: string, index: number): string {
  const module = `import type * as D${index} from './data/${kebabCase(name)}'\n`
  return module + fits(`Data${index}`, `D${index}.${name}`, `D${index}.${name}Input`)
}

describe('the types of generated messages', () => {
  jest.setTimeout(120_000)

  it('let every decoded message be encoded again', () => {
    const apis = clientApis.map(({ name }) => name)
    const data = dataCodecs.map(({ name }) => name)
    // Otherwise a message could be missing here unseen.
    expect(readdirSync(join(generated, 'client'))).toHaveLength(apis.length + 1)
    expect(readdirSync(join(generated, 'data'))).toHaveLength(data.length + 1)
    expect(typeErrors([...apis.map(apiLines), ...data.map(dataLines)].join(''))).toEqual([])
  })

  it('do not let what may be left out pass for what was read', () => {
    const line = fits('Reverse', 'C0.ProduceRequest', 'B0.ProduceRequest')
    const [first] = typeErrors(apiLines('Produce', 0) + line)
    expect(first).toMatch(/client\/produce.*is not assignable to type .*broker\/produce/)
  })
})
