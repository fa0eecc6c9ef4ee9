// Guards against fields that are dropped silently, or filled wrongly, in versions that do not have them.
import { UnsupportedVersionError } from '../../../../src/base/errors'
import { zeroUuid } from '../../../../src/wire/primitives/uuid'
import { loadDefinitions } from '../../../../tools/generate/definitions'
import type { ElementType, Field, Message, Struct } from '../../../../tools/generate/model'
import type { Range } from '../../../../tools/generate/range'
import { resolveMessage } from '../../../../tools/generate/resolve'
import { allCodecs, decodeWhole, encodeWhole, type MessageCodec } from '../../../golden/messages/vectors'
import { describeWithJava } from '../../../kafka/support/require-java'

type Plain = Record<string, unknown>

/** A field at the end of the way that leads to it from the message's root. */
interface Place {
  readonly parents: readonly Field[]
  readonly field: Field
  /** Versions in which everything on the way is there. */
  readonly reachable: Range
}

function places(struct: Struct, parents: readonly Field[], reachable: Range): Place[] {
  return struct.fields.flatMap((field) => {
    const element = field.type.kind === 'array' ? field.type.element : field.type
    const inside: Range = {
      min: Math.max(reachable.min, field.versions.min),
      max: Math.min(reachable.max, field.versions.max),
    }
    const deeper = element.kind === 'struct' ? places(element.struct, [...parents, field], inside) : []
    return [{ parents, field, reachable }, ...deeper]
  })
}

function defaultValue({ type, defaultValue: value }: Field): unknown {
  if (value === null) return null
  if (value !== 'empty') return typeof value === 'object' ? value.text : value
  return type.kind === 'array' ? [] : emptyValue(type)
}

function emptyValue(type: ElementType): unknown {
  switch (type.kind) {
    case 'struct':
      return Object.fromEntries(type.struct.fields.map((field) => [field.name, defaultValue(field)]))
    case 'bool':
      return false
    case 'int64':
      return 0n
    case 'string':
      return ''
    case 'uuid':
      return zeroUuid
    case 'bytes':
    case 'records':
      return Buffer.alloc(0)
    default:
      return 0
  }
}

/** A value that is not the field's default. */
function otherValue(field: Field): unknown {
  const { type } = field
  if (type.kind === 'array') return [emptyValue(type.element)]
  switch (type.kind) {
    case 'struct': {
      const inner = emptyValue(type) as Plain
      const [first] = type.struct.fields
      return first === undefined ? inner : { ...inner, [first.name]: otherValue(first) }
    }
    case 'bool':
      return defaultValue(field) !== true
    case 'int64':
      return 77n
    case 'string':
      return 'other'
    case 'uuid':
      return 'AAAAAAAAAAAAAAAAAAAAAQ'
    case 'bytes':
    case 'records':
      return Buffer.from('other')
    default:
      return 77
  }
}

/** A message of defaults; records that may not be null are empty. */
function emptyMessage(struct: Struct, version: number): Plain {
  const filled = emptyValue({ kind: 'struct', struct }) as Plain
  for (const field of struct.fields) {
    const mayBeNull =
      field.nullable !== null && field.nullable.min <= version && version <= field.nullable.max
    if (field.type.kind === 'records' && !mayBeNull) filled[field.name] = Buffer.alloc(0)
  }
  return filled
}

/** A message with that one value set, in structs that are empty but for the way to it. */
function messageWith(root: Struct, place: Place, value: unknown, version: number): Plain {
  const message = emptyMessage(root, version)
  let struct = message
  for (const parent of place.parents) {
    const element = parent.type.kind === 'array' ? parent.type.element : parent.type
    if (element.kind !== 'struct') throw new Error(`${parent.path} has no fields`)
    const inner = emptyMessage(element.struct, version)
    struct[parent.name] = parent.type.kind === 'array' ? [inner] : inner
    struct = inner
  }
  struct[place.field.name] = value
  return message
}

function valueAt(message: unknown, place: Place): unknown {
  let value = message as Plain
  for (const parent of place.parents) {
    const next = value[parent.name]
    value = (Array.isArray(next) ? next[0] : next) as Plain
  }
  return value[place.field.name]
}

/** What is wrong with one field in one version that does not have it. */
function edgeProblem(codec: MessageCodec, root: Struct, place: Place, version: number): string | undefined {
  const { field } = place
  const without = messageWith(root, place, defaultValue(field), version)
  const plain = encodeWhole(codec, without, version)
  const decoded = valueAt(decodeWhole(codec, plain, version), place)
  if (!sameValue(decoded, defaultValue(field))) return `decodes to ${String(decoded)}, not to its default`
  const given = messageWith(root, place, otherValue(field), version)
  try {
    const bytes = encodeWhole(codec, given, version)
    if (!field.ignorable) return 'is dropped silently'
    return bytes.equals(plain) ? undefined : 'changes the bytes of a version that does not have it'
  } catch (error) {
    if (!(error instanceof UnsupportedVersionError)) return `throws ${String(error)}`
    if (field.ignorable) return 'is refused although it may be ignored'
    return error.message.includes(`${field.path} `) && error.context.apiVersion === version
      ? undefined
      : `is refused with a wrong message: ${error.message}`
  }
}

function sameValue(a: unknown, b: unknown): boolean {
  try {
    expect(a).toEqual(b)
    return true
  } catch {
    return false
  }
}

function checkMessage(message: Message, codec: MessageCodec): { checked: number; problems: string[] } {
  const problems: string[] = []
  let checked = 0
  for (const place of places(message.root, [], message.valid)) {
    for (let version = place.reachable.min; version <= place.reachable.max; version++) {
      if (version >= place.field.versions.min && version <= place.field.versions.max) continue
      // A struct that holds only defaults is left out where it is tagged, and the field with it.
      if (place.parents.some(({ tag }) => tag !== undefined)) continue
      checked++
      const problem = edgeProblem(codec, message.root, place, version)
      if (problem !== undefined) problems.push(`${place.field.path} in v${version} ${problem}`)
    }
  }
  return { checked, problems }
}

describeWithJava('a field that a version does not have', () => {
  jest.setTimeout(300_000)

  it('takes its default when read; when set, it is left out if ignorable and refused if not', async () => {
    const codecs = allCodecs()
    const messages = (await loadDefinitions()).flatMap((definition) => resolveMessage(definition) ?? [])
    const results = messages.flatMap((message) => {
      const codec = codecs.get(message.name)
      return codec === undefined ? [] : [checkMessage(message, codec)]
    })
    expect(results.flatMap(({ problems }) => problems)).toEqual([])
    expect(results.reduce((sum, { checked }) => sum + checked, 0)).toBeGreaterThan(700)
  })
})
