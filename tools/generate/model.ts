import type { Range } from './range'

/** Types that are not built from others. */
export type ScalarKind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'

/** The type of a field, names resolved. */
export type FieldType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'struct'; readonly struct: Struct }
  | { readonly kind: 'array'; readonly element: ElementType }

/** What an array may hold: arrays of arrays do not exist. */
export type ElementType = Exclude<FieldType, { readonly kind: 'array' }>

/** The value a field has when nobody gives one. `empty` is the type's own zero. */
export type DefaultValue = null | 'empty' | number | bigint | boolean | { readonly text: string }

/** A field with all ranges cut to the versions in which it can stand on the wire. */
export interface Field {
  /** camelCase. */
  readonly name: string
  /** Names the field in errors: `FetchRequest.topics.partitions.partition`. */
  readonly path: string
  readonly type: FieldType
  readonly versions: Range
  /** Versions in which it may be null; null when there are none. */
  readonly nullable: Range | null
  readonly tag: number | undefined
  readonly ignorable: boolean
  readonly defaultValue: DefaultValue
  readonly hasExplicitDefault: boolean
  /** True for the one field that keeps the old length form inside a flexible message. */
  readonly neverFlexible: boolean
}

/** A message's root or one of its structs. */
export interface Struct {
  /** The name of its interface. */
  readonly typeName: string
  /** The versions in which it can stand on the wire. */
  range: Range
  fields: readonly Field[]
}

/** One message, ready for emission. */
export interface Message {
  readonly name: string
  readonly type: 'request' | 'response' | 'header' | 'data'
  readonly apiKey: number | undefined
  readonly listeners: readonly ('broker' | 'controller')[]
  readonly latestVersionUnstable: boolean
  readonly valid: Range
  /** Versions with tagged fields and compact lengths; null when there are none. */
  readonly flexible: Range | null
  readonly root: Struct
  /** The root's structs and their structs, each after those it uses; the root comes last. */
  readonly structs: readonly Struct[]
}
