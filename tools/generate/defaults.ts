import type { DefaultValue, FieldType } from './model'
import type { FieldDefinition } from './schema'

const integerBounds: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int8: [-0x80n, 0x7fn],
  int16: [-0x8000n, 0x7fffn],
  uint16: [0n, 0xffffn],
  int32: [-0x80000000n, 0x7fffffffn],
  int64: [-0x8000000000000000n, 0x7fffffffffffffffn],
}

/** Parses a default by the field's type; definitions write them as strings, numbers, hex and booleans. */
export function parseDefault(value: FieldDefinition['default'], type: FieldType): DefaultValue {
  if (value === undefined) return type.kind === 'records' ? null : 'empty'
  if (value === 'null') return null
  const bounds = integerBounds[type.kind]
  if (bounds !== undefined) return parseInteger(String(value), type.kind, bounds)
  switch (type.kind) {
    case 'bool':
      if (String(value) === 'true') return true
      if (String(value) === 'false') return false
      break
    case 'string':
      if (typeof value === 'string') return { text: value }
      break
    case 'float64':
      if (String(value).trim() !== '' && Number.isFinite(Number(value))) return Number(value)
      break
    default:
  }
  throw new Error(`default ${JSON.stringify(value)} does not fit type ${type.kind}`)
}

function parseInteger(text: string, kind: string, [min, max]: readonly [bigint, bigint]): number | bigint {
  if (!/^(-?\d+|0x[0-9a-fA-F]+)$/.test(text)) throw new Error(`default '${text}' does not fit type ${kind}`)
  const parsed = BigInt(text)
  if (parsed < min || parsed > max) throw new Error(`default ${text} is out of the range of ${kind}`)
  return kind === 'int64' ? parsed : Number(parsed)
}
