import { defaultExpression } from './emit-defaults'
import { typeName, type Direction } from './emit-types'
import type { ElementType, Field, Message, Struct } from './model'
import { covers, type Range } from './range'
import { isLengthPrefixed, methodNames, parameters, Scope, flexibility, type Needs } from './scope'

/** Writes the functions that decode one message: one per struct, and one per array of structs. */
export class DecodeEmitter {
  readonly #message: Message
  readonly #direction: Direction
  readonly #needs = new Map<Struct, Needs>()
  readonly #arrays = new Map<string, string>()

  constructor(message: Message, direction: Direction) {
    this.#message = message
    this.#direction = direction
  }

  /** All functions, each after those it calls. */
  emit(): string {
    return this.#message.structs.map((struct) => this.#struct(struct)).join('\n')
  }

  #struct(struct: Struct): string {
    const scope = new Scope(this.#message, struct)
    const isRoot = struct === this.#message.root
    this.#arrays.clear()
    const { typeName: name } = struct
    const type = typeName(struct, this.#direction)
    const fields = struct.fields.map((field) => `${field.name}: ${this.#literalField(field, scope)},`)
    const tagged = struct.fields.filter((field) => field.tag !== undefined)
    const tagReader = tagged.length > 0 ? this.#tagReader(struct, tagged) : ''
    const section = this.#taggedSection(struct, tagged, scope)
    const literal = `{\n${fields.join('\n')}\n}`
    const body =
      section === '' ? `return ${literal}` : `const message: ${type} = ${literal}\n${section}\nreturn message`
    const arrays = [...this.#arrays.values()].join('\n')
    if (!isRoot) {
      this.#needs.set(struct, scope.needs)
      return `${arrays}\n${tagReader}\nfunction decode${name}(reader: Reader${parameters(scope.needs)}): ${type} {\n${body}\n}\n`
    }
    const { min, max } = this.#message.valid
    const flexible = scope.needs.flexible
      ? `const flexible = version >= ${this.#message.flexible?.min}\n`
      : ''
    return `${arrays}\n${tagReader}\nfunction decode${name}(reader: Reader, version: number): ${type} {
  checkVersion('${this.#message.name}', version, ${min}, ${max})
  ${flexible}${body}\n}\n`
  }

  #literalField(field: Field, scope: Scope): string {
    if (field.tag !== undefined) return defaultExpression(field)
    const condition = scope.condition(field.versions)
    const value = this.#nullableValue(field, scope)
    return condition === undefined ? value : `${condition} ? ${value} : ${defaultExpression(field)}`
  }

  /** The value in the versions that have the field. */
  #nullableValue(field: Field, scope: Scope, reader = 'reader'): string {
    const { nullable, versions } = field
    if (nullable === null) return this.#value(field, false, versions, scope, reader)
    if (covers(nullable, versions)) return this.#value(field, true, versions, scope, reader)
    const withNull = this.#value(field, true, nullable, scope, reader)
    const withoutNull = this.#value(field, false, versions, scope, reader)
    return `(${scope.condition(nullable, versions)} ? ${withNull} : ${withoutNull})`
  }

  #value(field: Field, nullable: boolean, range: Range, scope: Scope, reader: string): string {
    const { type } = field
    const flexible = field.neverFlexible ? 'false' : scope.flexibleFor(field.type, range)
    if (type.kind === 'array') return this.#arrayValue(type.element, nullable, range, scope, reader)
    if (type.kind === 'struct') {
      const needs = this.#needs.get(type.struct) ?? { version: false, flexible: false }
      const call = `decode${type.struct.typeName}(${reader}${scope.call(needs, range)})`
      return nullable ? `(${reader}.readInt8() < 0 ? null : ${call})` : call
    }
    if (!isLengthPrefixed(type)) return `${reader}.read${methodNames[type.kind]}()`
    const method = `${nullable ? 'Nullable' : ''}${type.kind === 'string' ? 'String' : 'Bytes'}()`
    if (flexible === 'false') return `${reader}.read${method}`
    if (flexible === 'true') return `${reader}.readCompact${method}`
    return `(flexible ? ${reader}.readCompact${method} : ${reader}.read${method})`
  }

  #arrayValue(element: ElementType, nullable: boolean, range: Range, scope: Scope, reader: string): string {
    if (element.kind !== 'struct') {
      const method = `read${nullable ? 'Nullable' : ''}${methodNames[element.kind]}Array`
      return `${method}(${reader}, ${scope.flexible(range)})`
    }
    const name = `decode${nullable ? 'Nullable' : ''}${element.struct.typeName}Array`
    const needs = this.#arrayFunction(element.struct, nullable, name)
    return `${name}(${reader}${scope.call(needs, range)})`
  }

  readonly #emittedArrays = new Set<string>()

  #arrayFunction(struct: Struct, nullable: boolean, name: string): Needs {
    const inner = this.#needs.get(struct) ?? { version: false, flexible: false }
    const state = flexibility(this.#message, struct.range)
    const needs: Needs = { version: inner.version, flexible: state === 'mixed' }
    if (this.#emittedArrays.has(name)) return needs
    this.#emittedArrays.add(name)
    const type = typeName(struct, this.#direction)
    const form = nullable ? 'NullableArrayLength' : 'ArrayLength'
    const count =
      state === 'mixed'
        ? `flexible ? reader.readCompact${form}() : reader.read${form}()`
        : `reader.read${state === 'always' ? 'Compact' : ''}${form}()`
    const args = `${inner.version ? ', version' : ''}${inner.flexible ? ', flexible' : ''}`
    this.#arrays.set(
      name,
      `function ${name}(reader: Reader${parameters(needs)}): ${type}[]${nullable ? ' | null' : ''} {
  const count = ${count}${nullable ? '\nif (count < 0) return null' : ''}
  const items: ${type}[] = []
  for (let i = 0; i < count; i++) items.push(decode${struct.typeName}(reader${args}))
  return items
}\n`,
    )
    return needs
  }

  /** One function per struct with tagged fields, so that reading allocates no closure. */
  #tagReader(struct: Struct, tagged: readonly Field[]): string {
    const scope = new Scope(this.#message, struct)
    const cases = tagged.map((field) => {
      const value = this.#nullableValue(field, scope, 'field')
      // Within the tag section the message is flexible, so only a later start needs a condition.
      const start = Math.max(struct.range.min, this.#message.flexible?.min ?? 0)
      const condition = scope.condition(field.versions, { min: start, max: struct.range.max })
      const guard = condition === undefined ? '' : `if (version < ${field.versions.min}) return false\n`
      return `case ${field.tag}:\n${guard}message.${field.name} = ${value}\nreturn true`
    })
    const version = scope.needs.version ? ', version: number' : ''
    return `function read${struct.typeName}Tag(tag: number, field: Reader, message: ${typeName(struct, this.#direction)}${version}): boolean {
  switch (tag) {
    ${cases.join('\n')}
    default:
      return false
  }
}\n`
  }

  #taggedSection(struct: Struct, tagged: readonly Field[], scope: Scope): string {
    const state = flexibility(this.#message, struct.range)
    if (state === 'never') return ''
    const flexible = scope.flexible(struct.range)
    if (tagged.length > 0) scope.needs.version = true
    const args = tagged.length > 0 ? `read${struct.typeName}Tag, message, version` : ''
    const read = `const unknownTaggedFields = reader.readTaggedFields(${args})
if (unknownTaggedFields !== undefined) message.unknownTaggedFields = unknownTaggedFields`
    return flexible === 'true' ? read : `if (flexible) {\n${read}\n}`
  }
}
