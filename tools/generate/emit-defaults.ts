import { isNullable, typeName, type Direction } from './emit-types'
import type { Field, Message, Struct } from './model'
import { covers } from './range'

/** The expression of a field's default value. */
export function defaultExpression(field: Field): string {
  const value = field.defaultValue
  if (value === null) return 'null'
  if (value !== 'empty') {
    if (typeof value === 'object') return JSON.stringify(value.text)
    return typeof value === 'bigint' ? `${value}n` : String(value)
  }
  switch (field.type.kind) {
    case 'struct':
      return `default${field.type.struct.typeName}`
    case 'array':
      return '[]'
    case 'bool':
      return 'false'
    case 'int64':
      return '0n'
    case 'string':
      return "''"
    case 'uuid':
      return 'zeroUuid'
    case 'bytes':
      return 'emptyBytes'
    default:
      return '0'
  }
}

/** An expression that is true when the caller set `value` to something that is not the default. */
export function isSetExpression(field: Field, value: string): string {
  if (field.defaultValue === null) return `${value} !== undefined && ${value} !== null`
  const { kind } = field.type
  if (field.defaultValue === 'empty' && (kind === 'array' || kind === 'bytes' || kind === 'records')) {
    return isNullable(field)
      ? `${value} !== undefined && (${value} === null || ${value}.length > 0)`
      : `${value} !== undefined && ${value}.length > 0`
  }
  if (field.type.kind === 'struct')
    return `${value} !== undefined && !isDefault${field.type.struct.typeName}(${value})`
  return `${value} !== undefined && ${value} !== ${defaultExpression(field)}`
}

/** The structs whose default value the code of a direction mentions. */
export function structsWithDefaults(message: Message, kind: Direction['kind']): Struct[] {
  const found = new Set<Struct>()
  const visit = (struct: Struct): void => {
    if (found.has(struct)) return
    for (const field of struct.fields) {
      if (field.type.kind === 'struct' && field.defaultValue === 'empty') visit(field.type.struct)
    }
    found.add(struct)
  }
  for (const struct of message.structs) {
    for (const field of struct.fields) {
      if (field.type.kind !== 'struct' || field.defaultValue !== 'empty') continue
      const absentSomewhere = field.tag !== undefined || !covers(field.versions, struct.range)
      if (kind === 'output' ? absentSomewhere : absentSomewhere && field.tag === undefined)
        visit(field.type.struct)
    }
  }
  return [...found]
}

/** The default value of a struct, shared and frozen. */
export function emitDefault(struct: Struct, direction: Direction): string {
  const lines = struct.fields.map((field) => `${field.name}: ${defaultExpression(field)},`)
  return `const default${struct.typeName}: ${typeName(struct, direction)} = Object.freeze({\n${lines.join('\n')}\n})\n`
}

/** The structs that are compared with their default when they are encoded. */
export function comparedStructs(message: Message): Struct[] {
  const found = new Set<Struct>()
  const visit = (struct: Struct): void => {
    for (const field of struct.fields) if (field.type.kind === 'struct') visit(field.type.struct)
    found.add(struct)
  }
  for (const struct of message.structs) {
    for (const field of struct.fields) {
      if (field.type.kind !== 'struct' || field.defaultValue !== 'empty') continue
      if (field.tag !== undefined || !(covers(field.versions, struct.range) || field.ignorable))
        visit(field.type.struct)
    }
  }
  return [...found]
}

/** A function that says whether a struct equals its default, unknown tagged fields included. */
export function emitIsDefault(message: Message, struct: Struct, direction: Direction): string {
  const parts = struct.fields.map((field) => `!(${isSetExpression(field, `message.${field.name}`)})`)
  if (message.flexible !== null) parts.push('!message.unknownTaggedFields?.length')
  return `function isDefault${struct.typeName}(message: ${typeName(struct, direction)}): boolean {
  return ${parts.join(' && ')}
}\n`
}
