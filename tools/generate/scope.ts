import type { FieldType, Message, ScalarKind, Struct } from './model'
import { covers, type Range } from './range'

/** Whether a part of a message is flexible in all, none or some of its versions. */
export type Flexibility = 'always' | 'never' | 'mixed'

/** How a part of a message that stands in the versions `range` is written. */
export function flexibility(message: Message, range: Range): Flexibility {
  const { flexible } = message
  if (flexible === null || range.max < flexible.min) return 'never'
  return range.min >= flexible.min ? 'always' : 'mixed'
}

/** What a generated function takes besides the reader or writer and the value. */
export interface Needs {
  version: boolean
  flexible: boolean
}

/**
 * Writes the conditions of one generated function, for one struct, and notes which parameters they need. Conditions
 * that hold in all versions of the struct vanish.
 */
export class Scope {
  readonly needs: Needs = { version: false, flexible: false }
  readonly #message: Message
  readonly struct: Struct

  constructor(message: Message, struct: Struct) {
    this.#message = message
    this.struct = struct
  }

  /** Undefined when `range` covers `whole`. */
  condition(range: Range, whole: Range = this.struct.range): string | undefined {
    if (covers(range, whole)) return undefined
    this.needs.version = true
    if (range.min === range.max) return `version === ${range.min}`
    const parts: string[] = []
    if (range.min > whole.min) parts.push(`version >= ${range.min}`)
    if (range.max < whole.max) parts.push(`version <= ${range.max}`)
    return parts.join(' && ')
  }

  /** `true`, `false` or `flexible`, for the versions of `range`. */
  flexible(range: Range): string {
    const state = flexibility(this.#message, range)
    if (state === 'mixed') this.needs.flexible = true
    return state === 'mixed' ? 'flexible' : String(state === 'always')
  }

  /** As `flexible`, noted only for types that look different in flexible versions. */
  flexibleFor(type: FieldType, range: Range): string {
    return isLengthPrefixed(type) ? this.flexible(range) : 'false'
  }

  /** The arguments a function needs after its first ones. */
  call(needs: Needs, range: Range): string {
    let args = ''
    if (needs.version) {
      this.needs.version = true
      args += ', version'
    }
    if (needs.flexible) args += `, ${this.flexible(range)}`
    return args
  }
}

/** The parameters that go with `needs`. */
export function parameters(needs: Needs): string {
  return `${needs.version ? ', version: number' : ''}${needs.flexible ? ', flexible: boolean' : ''}`
}

/** The part of the method names of Reader and Writer that names the type. */
export const methodNames: Readonly<Record<ScalarKind, string>> = {
  bool: 'Boolean',
  int8: 'Int8',
  int16: 'Int16',
  uint16: 'Uint16',
  int32: 'Int32',
  int64: 'Int64',
  float64: 'Float64',
  uuid: 'Uuid',
  string: 'String',
  bytes: 'Bytes',
  records: 'Records',
}

/** True for types whose length has a compact form. */
export function isLengthPrefixed(type: FieldType): boolean {
  return type.kind === 'string' || type.kind === 'bytes' || type.kind === 'records'
}
