import type { DefaultValue, ElementType, Field, Message, Struct } from './model'
import { covers, rangeText } from './range'

/** How the two directions differ: what is encoded may leave fields out, what was decoded has them all. */
export interface Direction {
  readonly kind: 'input' | 'output'
  /** Appended to the interfaces' names where both directions stand in one file. */
  readonly suffix: string
}

/** True when a caller may leave the field out. */
export function isOptional(field: Field, struct: Struct): boolean {
  return field.hasExplicitDefault || field.tag !== undefined || !covers(field.versions, struct.range)
}

/** True when the field may be null in some version. */
export function isNullable(field: Field): boolean {
  return field.nullable !== null || (field.defaultValue === null && field.hasExplicitDefault)
}

/** In a decoded message a records field is null in the versions that do not have it. */
function isNullableOutput(field: Field, struct: Struct): boolean {
  return isNullable(field) || (field.defaultValue === null && !covers(field.versions, struct.range))
}

/** The name of a struct's interface in a direction. */
export function typeName(struct: Struct, direction: Direction): string {
  return `${struct.typeName}${direction.suffix}`
}

/** The interfaces of a message, the root first. */
export function emitInterfaces(message: Message, direction: Direction): string {
  return [...message.structs]
    .reverse()
    .map((struct) => emitInterface(message, struct, direction))
    .join('\n')
}

function emitInterface(message: Message, struct: Struct, direction: Direction): string {
  const lines = struct.fields.map((field) => emitField(field, struct, direction))
  if (message.flexible !== null && struct.range.max >= message.flexible.min) {
    const modifier = direction.kind === 'input' ? 'readonly ' : ''
    lines.push(`/** Tagged fields that are not known here; absent when there are none. */`)
    lines.push(`${modifier}unknownTaggedFields?: readonly TaggedField[]`)
  }
  return `${interfaceComment(message, struct, direction)}export interface ${typeName(struct, direction)} {\n${lines.join('\n')}\n}\n`
}

function interfaceComment(message: Message, struct: Struct, direction: Direction): string {
  const { min, max } = struct.range
  const versions = min === max ? `Version ${min}` : `Versions ${min}-${max}`
  if (struct !== message.root) return covers(struct.range, message.valid) ? '' : `/** ${versions}. */\n`
  const what = direction.kind === 'input' ? 'as it is written' : 'as it was read'
  return `/** ${message.name}, ${what}. ${versions}. */\n`
}

function emitField(field: Field, struct: Struct, direction: Direction): string {
  const comment = fieldComment(field, struct, direction)
  const element = (type: ElementType): string => elementType(type, direction)
  const { type } = field
  let text = type.kind === 'array' ? `${element(type.element)}[]` : element(type)
  if (direction.kind === 'input' && type.kind === 'array') text = `readonly ${text}`
  const nullable = direction.kind === 'input' ? isNullable(field) : isNullableOutput(field, struct)
  const optional = direction.kind === 'input' && isOptional(field, struct)
  const modifier = field.tag !== undefined && direction.kind === 'output' ? '' : 'readonly '
  return `${comment}${modifier}${field.name}${optional ? '?' : ''}: ${text}${nullable ? ' | null' : ''}`
}

function elementType(type: ElementType, direction: Direction): string {
  switch (type.kind) {
    case 'struct':
      return typeName(type.struct, direction)
    case 'bool':
      return 'boolean'
    case 'int64':
      return 'bigint'
    case 'string':
    case 'uuid':
      return 'string'
    case 'bytes':
      return direction.kind === 'input' ? 'Uint8Array' : 'Buffer'
    case 'records':
      return direction.kind === 'input' ? 'RecordBytes' : 'Buffer'
    default:
      return 'number'
  }
}

function fieldComment(field: Field, struct: Struct, direction: Direction): string {
  const facts: string[] = []
  if (!covers(field.versions, struct.range)) {
    const elsewhere = direction.kind === 'input' && field.ignorable ? ', left out of others' : ''
    facts.push(`versions ${rangeText(field.versions, struct.range)}${elsewhere}`)
  }
  if (field.tag !== undefined) facts.push(`tag ${field.tag}`)
  if (field.nullable !== null && !covers(field.nullable, field.versions)) {
    facts.push(`null in versions ${rangeText(field.nullable, struct.range)} only`)
  }
  if (field.hasExplicitDefault) facts.push(`default ${defaultText(field.defaultValue)}`)
  if (facts.length === 0) return ''
  const text = facts.join('; ')
  return `/** ${text.charAt(0).toUpperCase()}${text.slice(1)}. */\n`
}

function defaultText(value: DefaultValue): string {
  if (value !== null && typeof value === 'object') return value.text === '' ? 'empty' : value.text
  return String(value)
}
