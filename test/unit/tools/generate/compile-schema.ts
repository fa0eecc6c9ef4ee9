import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import type { DataCodec } from '../../../../src/wire/api'
import * as arrays from '../../../../src/wire/primitives/arrays'
import * as fieldChecks from '../../../../src/wire/primitives/field-checks'
import * as reader from '../../../../src/wire/primitives/reader'
import * as uuid from '../../../../src/wire/primitives/uuid'
import * as writer from '../../../../src/wire/primitives/writer'
import { readDefinitions } from '../../../../tools/generate/definitions'
import { emitDataModule } from '../../../../tools/generate/emit-module'
import { camelCase } from '../../../../tools/generate/names'
import type { Message } from '../../../../tools/generate/model'
import { resolveMessage } from '../../../../tools/generate/resolve'

const modules: Readonly<Record<string, unknown>> = {
  '../../primitives/arrays': arrays,
  '../../primitives/field-checks': fieldChecks,
  '../../primitives/reader': reader,
  '../../primitives/uuid': uuid,
  '../../primitives/writer': writer,
}

/** A schema in the form of a definition file, with what every small test would repeat. */
export interface MinimalSchema {
  readonly validVersions?: string
  readonly flexibleVersions?: string
  readonly fields: readonly unknown[]
  readonly commonStructs?: readonly unknown[]
}

/** Takes a schema all the way through the generator, up to the model. */
export function resolveSchema(schema: MinimalSchema): Message {
  const text = JSON.stringify({
    type: 'data',
    name: 'Sample',
    validVersions: '0',
    flexibleVersions: 'none',
    ...schema,
  })
  return resolveText(text)
}

/** As resolveSchema, for the text of a definition file. */
export function resolveText(text: string): Message {
  const [definition] = readDefinitions([['Sample.json', text]])
  const message = definition === undefined ? null : resolveMessage(definition)
  if (message === null) throw new Error('the message has no versions')
  return message
}

/** The TypeScript that the generator writes for a schema. */
export function emitSchema(schema: MinimalSchema): string {
  return emitDataModule(resolveSchema(schema), 'a test')
}

/** Runs what the generator writes for a schema, and returns its codec. */
export function compileSchema(schema: MinimalSchema): SampleCodec {
  const message = resolveSchema(schema)
  const code = transpileModule(emitDataModule(message, 'a test'), {
    compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 },
  }).outputText
  const exports: Record<string, unknown> = {}
  const load = new Function('exports', 'require', code) as (
    exports: object,
    require: (name: string) => unknown,
  ) => void
  load(exports, (name) => modules[name])
  return new SampleCodec(
    exports[`${camelCase(message.name)}Codec`] as DataCodec<object, Record<string, unknown>>,
  )
}

/** A codec over hex text, so that tests show the bytes. */
export class SampleCodec {
  readonly codec: DataCodec<object, Record<string, unknown>>

  constructor(codec: DataCodec<object, Record<string, unknown>>) {
    this.codec = codec
  }

  encode(message: object, version = 0): string {
    const target = new writer.Writer()
    this.codec.encode(target, message, version)
    return target.toBuffer().toString('hex')
  }

  decode(hex: string, version = 0): Record<string, unknown> {
    const source = new reader.Reader(Buffer.from(hex, 'hex'))
    const message = this.codec.decode(source, version)
    source.expectEnd()
    return message
  }
}
