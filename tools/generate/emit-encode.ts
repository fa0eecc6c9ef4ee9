import { defaultExpression, isSetExpression } from './emit-defaults'
import { isNullable, isOptional, typeName, type Direction } from './emit-types'
import type { Field, Message, Struct } from './model'
import { apiName } from './names'
import { rangeText } from './range'
import { flexibility, isLengthPrefixed, methodNames, parameters, Scope, type Needs } from './scope'

const reservedNames = new Set(['writer', 'message', 'version', 'flexible', 'tagged', 'field'])

/** Fields that stand next to each other and in the same versions: one condition serves them all. */
interface Group {
  readonly condition: string | undefined
  readonly writes: string[]
  readonly refusals: string[]
}

/** Writes the functions that encode one message: one per struct, and one per array of structs. */
export class EncodeEmitter {
  readonly #message: Message
  readonly #direction: Direction
  readonly #needs = new Map<Struct, Needs>()
  readonly #api: string
  #arrays = new Map<string, string>()
  readonly #emittedArrays = new Set<string>()

  constructor(message: Message, direction: Direction) {
    this.#message = message
    this.#direction = direction
    this.#api = apiName(message.name)
  }

  /** All functions, each after those it calls. */
  emit(): string {
    return this.#message.structs.map((struct) => this.#struct(struct)).join('\n')
  }

  #struct(struct: Struct): string {
    const scope = new Scope(this.#message, struct)
    this.#arrays = new Map()
    const groups = this.#groups(struct, scope)
    const sections = [...groups.map(emitGroup), this.#taggedSection(struct, scope)]
    const body = sections.filter((section) => section !== '').join('\n')
    const arrays = [...this.#arrays.values()].join('\n')
    const type = typeName(struct, this.#direction)
    if (struct !== this.#message.root) {
      this.#needs.set(struct, scope.needs)
      return `${arrays}\nfunction encode${struct.typeName}(writer: Writer, message: ${type}${parameters(scope.needs)}): void {\n${body}\n}\n`
    }
    const { min, max } = this.#message.valid
    const flexible = scope.needs.flexible
      ? `const flexible = version >= ${this.#message.flexible?.min}\n`
      : ''
    return `${arrays}\nfunction encode${struct.typeName}(writer: Writer, message: ${type}, version: number): void {
  checkVersion('${this.#message.name}', version, ${min}, ${max})
  ${flexible}${body}\n}\n`
  }

  #groups(struct: Struct, scope: Scope): Group[] {
    const groups: Group[] = []
    for (const field of struct.fields) {
      if (field.tag !== undefined) continue
      const condition = scope.condition(field.versions)
      let group = groups.at(-1)
      if (group === undefined || group.condition !== condition) {
        group = { condition, writes: [], refusals: [] }
        groups.push(group)
      }
      group.writes.push(this.#write(field, 'writer', this.#givenValue(field, scope), scope))
      if (condition !== undefined && !field.ignorable) group.refusals.push(this.#refusal(field))
    }
    return groups
  }

  #refusal(field: Field): string {
    return `if (${isSetExpression(field, `message.${field.name}`)}) {\n${this.#refuse(field)}\n}`
  }

  #refuse(field: Field): string {
    const needed = rangeText(field.versions, this.#message.valid)
    return `throw unsupportedField('${this.#api}', version, '${field.path}', '${needed}')`
  }

  /** The expression of what the caller gave, defaults filled in, missing values refused. */
  #givenValue(field: Field, scope: Scope): string {
    const value = `message.${field.name}`
    const path = `'${field.path}'`
    const fallback = defaultExpression(field)
    const mayBeNull = isNullable(field)
    if (!isOptional(field, scope.struct)) {
      if (!mayBeNull) return `required(${value}, ${path})`
      return this.#refuseNull(field, `requiredOrNull(${value}, ${path})`, scope)
    }
    if (!mayBeNull)
      return fallback === 'null' ? `required(${value}, ${path})` : `given(${value}, ${fallback}, ${path})`
    const given = fallback === 'null' ? `${value} ?? null` : `${value} === undefined ? ${fallback} : ${value}`
    return this.#refuseNull(field, given, scope)
  }

  #refuseNull(field: Field, value: string, scope: Scope): string {
    const { nullable, versions } = field
    if (nullable === null) return `required(${value}, '${field.path}')`
    const condition = scope.condition(nullable, versions)
    return condition === undefined ? value : `${condition} ? ${value} : required(${value}, '${field.path}')`
  }

  /** The statements that write `value`, an expression, in the versions that have the field. */
  #write(field: Field, writer: string, value: string, scope: Scope): string {
    const { type, versions } = field
    const nullable = isNullable(field)
    if (type.kind === 'array') return this.#writeArray(field, writer, value, scope)
    if (type.kind === 'struct') {
      const needs = this.#needs.get(type.struct) ?? { version: false, flexible: false }
      const call = (name: string): string =>
        `encode${type.struct.typeName}(${writer}, ${name}${scope.call(needs, versions)})`
      if (!nullable) return call(value)
      const local = localName(field)
      return `const ${local} = ${value}
if (${local} === null) ${writer}.writeInt8(-1)
else {
  ${writer}.writeInt8(1)
  ${call(local)}
}`
    }
    if (!isLengthPrefixed(type)) return `${writer}.write${methodNames[type.kind]}(${value})`
    const form = nullable || type.kind === 'records' ? 'Nullable' : ''
    const method = `${form}${methodNames[type.kind]}`
    const flexible = field.neverFlexible ? 'false' : scope.flexible(versions)
    if (flexible === 'false') return `${writer}.write${method}(${value})`
    if (flexible === 'true') return `${writer}.writeCompact${method}(${value})`
    const local = localName(field)
    return `const ${local} = ${value}
if (flexible) ${writer}.writeCompact${method}(${local})
else ${writer}.write${method}(${local})`
  }

  #writeArray(field: Field, writer: string, value: string, scope: Scope): string {
    const { type, versions } = field
    if (type.kind !== 'array') throw new Error(`${field.path} is not an array`)
    if (type.element.kind !== 'struct') {
      return `write${methodNames[type.element.kind]}Array(${writer}, ${value}, ${scope.flexible(versions)})`
    }
    const nullable = isNullable(field)
    const name = `encode${nullable ? 'Nullable' : ''}${type.element.struct.typeName}Array`
    const needs = this.#arrayFunction(type.element.struct, nullable, name)
    return `${name}(${writer}, ${value}${scope.call(needs, versions)})`
  }

  #arrayFunction(struct: Struct, nullable: boolean, name: string): Needs {
    const inner = this.#needs.get(struct) ?? { version: false, flexible: false }
    const state = flexibility(this.#message, struct.range)
    const needs: Needs = { version: inner.version, flexible: state === 'mixed' }
    if (this.#emittedArrays.has(name)) return needs
    this.#emittedArrays.add(name)
    const length = (count: string): string => {
      if (state === 'always') return `writer.writeCompactArrayLength(${count})`
      if (state === 'never') return `writer.writeArrayLength(${count})`
      return `if (flexible) writer.writeCompactArrayLength(${count})\nelse writer.writeArrayLength(${count})`
    }
    const args = `${inner.version ? ', version' : ''}${inner.flexible ? ', flexible' : ''}`
    const count = nullable ? 'items === null ? -1 : items.length' : 'items.length'
    const counted =
      nullable && state === 'mixed' ? `const count = ${count}\n${length('count')}` : length(count)
    this.#arrays.set(
      name,
      `function ${name}(writer: Writer, items: readonly ${typeName(struct, this.#direction)}[]${nullable ? ' | null' : ''}${parameters(needs)}): void {
  ${counted}${nullable ? '\nif (items === null) return' : ''}
  for (const item of items) encode${struct.typeName}(writer, item${args})
}\n`,
    )
    return needs
  }

  #taggedSection(struct: Struct, scope: Scope): string {
    const state = flexibility(this.#message, struct.range)
    if (state === 'never') return ''
    const tagged = struct.fields.filter((field) => field.tag !== undefined)
    const known = tagged.map((field) => this.#taggedField(field, scope)).join('\n')
    const write = `writer.writeTaggedFields(${known === '' ? 'undefined' : 'tagged'}, message.unknownTaggedFields)`
    const open = known === '' ? '' : `let tagged: TaggedField[] | undefined\n${known}\n`
    if (scope.flexible(struct.range) === 'true') return `${open}${write}`
    scope.needs.version = true
    return `${open}if (flexible) ${write}
else if (message.unknownTaggedFields?.length) {
  throw unsupportedField('${this.#api}', version, '${struct.typeName}.unknownTaggedFields', '${this.#message.flexible?.min}+')
}`
  }

  /** Tagged fields are written only when they differ from their default. */
  #taggedField(field: Field, scope: Scope): string {
    const condition = scope.condition(field.versions)
    const value = `message.${field.name}`
    const set = isSetExpression(field, value)
    const checked = isNullable(field) ? this.#refuseNull(field, value, scope) : value
    const write = `const field = new Writer()
${this.#write(field, 'field', checked, scope)}
;(tagged ??= []).push({ tag: ${field.tag}, data: field.toBuffer() })`
    if (condition === undefined) return `if (${set}) {\n${write}\n}`
    if (field.ignorable) return `if (${condition} && ${set}) {\n${write}\n}`
    // Tagged ranges are open-ended, so the version can only be too low.
    return `if (${set}) {\nif (version < ${field.versions.min}) {\n${this.#refuse(field)}\n}\n${write}\n}`
  }
}

function localName(field: Field): string {
  return reservedNames.has(field.name) ? `${field.name}Value` : field.name
}

function emitGroup({ condition, writes, refusals }: Group): string {
  if (condition === undefined) return writes.join('\n')
  let otherwise = ''
  if (refusals.length === 1) otherwise = ` else ${refusals[0]}`
  else if (refusals.length > 1) otherwise = ` else {\n${refusals.join('\n')}\n}`
  return `if (${condition}) {\n${writes.join('\n')}\n}${otherwise}`
}
