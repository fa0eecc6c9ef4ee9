import { parseDefault } from './defaults'
import type { ElementType, Field, FieldType, Message, ScalarKind, Struct } from './model'
import { camelCase, structTypeName } from './names'
import { hull, intersect, parseRange, type Range } from './range'
import type { CommonStructDefinition, FieldDefinition, MessageDefinition } from './schema'
import { checkField, checkFields, checkMessage, nullableRange } from './validate'

const scalarKinds: ReadonlySet<string> = new Set<ScalarKind>([
  'bool',
  'int8',
  'int16',
  'uint16',
  'int32',
  'int64',
  'float64',
  'string',
  'uuid',
  'bytes',
  'records',
])

/**
 * Turns a definition into a message: every range cut to what can stand on the wire, defaults parsed, structs
 * resolved. Null for a retired message without versions. Errors name the message and the field.
 */
export function resolveMessage(definition: MessageDefinition): Message | null {
  try {
    checkMessage(definition)
  } catch (error) {
    throw new Error(`${definition.name}: ${reason(error)}`)
  }
  const valid = parseRange(definition.validVersions)
  if (valid === null) return null
  return new Resolver(definition, valid).message()
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

interface StructSource {
  readonly fields: readonly FieldDefinition[]
  readonly versions: Range | null
  readonly path: string
}

class Resolver {
  readonly #definition: MessageDefinition
  readonly #valid: Range
  readonly #flexible: Range | null
  readonly #common = new Map<string, CommonStructDefinition>()
  readonly #sources = new Map<Struct, StructSource>()
  readonly #byName = new Map<string, Struct>()
  readonly #typeNames = new Set<string>()
  readonly #ordered: Struct[] = []

  constructor(definition: MessageDefinition, valid: Range) {
    this.#definition = definition
    this.#valid = valid
    this.#flexible = intersect(parseRange(definition.flexibleVersions ?? 'none'), valid)
    for (const common of definition.commonStructs ?? []) {
      if (this.#common.has(common.name))
        throw new Error(`${definition.name}: two structs are called ${common.name}`)
      this.#common.set(common.name, common)
    }
  }

  message(): Message {
    const { name, type, apiKey, listeners, latestVersionUnstable, fields = [] } = this.#definition
    const root: Struct = { typeName: name, range: this.#valid, fields: [] }
    this.#typeNames.add(name)
    this.#sources.set(root, { fields, versions: this.#valid, path: name })
    this.#declare(root, [])
    this.#cutRanges()
    return {
      name,
      type,
      apiKey,
      listeners: listeners ?? [],
      latestVersionUnstable: latestVersionUnstable ?? false,
      valid: this.#valid,
      flexible: this.#flexible,
      root,
      structs: this.#ordered,
    }
  }

  /** First pass: finds the structs, each after those it uses, and checks every field. */
  #declare(struct: Struct, above: readonly Struct[]): void {
    if (above.includes(struct))
      throw new Error(`${this.#definition.name}: struct ${struct.typeName} contains itself`)
    const source = this.#source(struct)
    this.#at(source.path, () => checkFields(source.fields))
    for (const field of source.fields) {
      const path = `${source.path}.${camelCase(field.name)}`
      this.#at(path, () => {
        const type = this.#type(field, path)
        checkField(field, type)
        if (field.default !== undefined) parseDefault(field.default, type)
        this.#checkTagIsFlexible(field)
      })
      const inner = structOf(this.#type(field, path))
      if (inner !== undefined) this.#declare(inner, [...above, struct])
    }
    if (!this.#ordered.includes(struct)) this.#ordered.push(struct)
  }

  #checkTagIsFlexible(field: FieldDefinition): void {
    if (field.taggedVersions === undefined) return
    const onWire = intersect(parseRange(field.taggedVersions), this.#valid)
    if (onWire !== null && (this.#flexible === null || this.#flexible.min > onWire.min)) {
      throw new Error(`tagged versions ${field.taggedVersions} are not all flexible`)
    }
  }

  #source(struct: Struct): StructSource {
    const source = this.#sources.get(struct)
    if (source === undefined) throw new Error(`${struct.typeName} was never declared`)
    return source
  }

  #at(path: string, check: () => void): void {
    try {
      check()
    } catch (error) {
      throw new Error(`${path}: ${reason(error)}`)
    }
  }

  #type(field: FieldDefinition, path: string): FieldType {
    if (!field.type.startsWith('[]')) return this.#elementType(field, field.type, path)
    if (field.type.startsWith('[][]')) throw new Error('arrays of arrays are not known')
    return { kind: 'array', element: this.#elementType(field, field.type.slice(2), path) }
  }

  #elementType(field: FieldDefinition, name: string, path: string): ElementType {
    if (scalarKinds.has(name)) {
      if (field.fields !== undefined) throw new Error(`type ${name} has no fields`)
      return { kind: name as ScalarKind }
    }
    return { kind: 'struct', struct: this.#struct(field, name, path) }
  }

  #struct(field: FieldDefinition, name: string, path: string): Struct {
    const common = this.#common.get(name)
    const known = this.#byName.get(name)
    if (known !== undefined) {
      const sameFields =
        common === undefined ? this.#source(known).fields === field.fields : field.fields === undefined
      if (!sameFields) throw new Error(`two structs are called ${name}`)
      return known
    }
    if (common !== undefined && field.fields !== undefined) throw new Error(`two structs are called ${name}`)
    if (common === undefined && field.fields === undefined) throw new Error(`type ${name} is not known`)
    const typeName = structTypeName(this.#definition.name, name, this.#typeNames)
    const struct: Struct = { typeName, range: this.#valid, fields: [] }
    this.#typeNames.add(typeName)
    this.#byName.set(name, struct)
    this.#sources.set(struct, {
      fields: common?.fields ?? field.fields ?? [],
      versions: common === undefined ? this.#valid : parseRange(common.versions),
      path: common === undefined ? path : typeName,
    })
    return struct
  }

  /** Second pass, from the root down: a struct's range is where its fields use it, a field's is what is left. */
  #cutRanges(): void {
    const used = new Map<Struct, Range>([[last(this.#ordered), this.#valid]])
    for (const struct of [...this.#ordered].reverse()) {
      const range = used.get(struct)
      if (range === undefined) continue
      struct.range = range
      struct.fields = this.#source(struct).fields.flatMap((field) => this.#field(field, struct, used))
    }
    for (const struct of [...this.#ordered]) {
      if (!used.has(struct)) this.#ordered.splice(this.#ordered.indexOf(struct), 1)
    }
  }

  /** Nothing for a field that stands in no valid version. */
  #field(field: FieldDefinition, struct: Struct, used: Map<Struct, Range>): Field[] {
    const path = `${this.#source(struct).path}.${camelCase(field.name)}`
    const type = this.#type(field, path)
    const versions = intersect(parseRange(field.versions), struct.range)
    const inner = structOf(type)
    const onWire = inner === undefined ? versions : intersect(versions, this.#source(inner).versions)
    if (onWire === null) return []
    if (inner !== undefined) used.set(inner, hull(used.get(inner) ?? null, onWire) ?? onWire)
    return [
      {
        name: camelCase(field.name),
        path,
        type,
        versions: onWire,
        nullable: intersect(nullableRange(field), onWire),
        tag: field.tag,
        ignorable: field.ignorable ?? false,
        defaultValue: parseDefault(field.default, type),
        hasExplicitDefault: field.default !== undefined,
        neverFlexible: field.flexibleVersions === 'none',
      },
    ]
  }
}

function structOf(type: FieldType): Struct | undefined {
  const element = type.kind === 'array' ? type.element : type
  return element.kind === 'struct' ? element.struct : undefined
}

function last<T>(items: readonly T[]): T {
  return items[items.length - 1] as T
}
