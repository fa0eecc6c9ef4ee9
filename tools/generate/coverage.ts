import type { FieldType, Message, Struct } from './model'

/** What is read of a golden vector: which message it is, and its fields as JSON. */
export interface VectorFields {
  readonly message: string
  readonly version: number
  readonly json: unknown
}

/**
 * The fields, as `FetchRequest v4 .topics.topic`, that no vector reaches although their version has them. Vectors
 * that never go into an array's structs would prove nothing about them.
 */
export function unreachedFields(messages: readonly Message[], vectors: readonly VectorFields[]): string[] {
  const reached = new Set<string>()
  for (const { message, version, json } of vectors) collect(json, `${message} v${version} `, reached)
  return messages.flatMap((message) => {
    const missing: string[] = []
    for (let version = message.valid.min; version <= message.valid.max; version++) {
      for (const path of paths(message.root, version)) {
        const name = `${message.name} v${version} ${path}`
        if (!reached.has(name)) missing.push(name)
      }
    }
    return missing
  })
}

function collect(json: unknown, path: string, reached: Set<string>): void {
  if (Array.isArray(json)) for (const element of json) collect(element, path, reached)
  else if (json !== null && typeof json === 'object') {
    for (const [key, value] of Object.entries(json)) {
      // Java's JSON gives the size of records in place of the records.
      const field = `${path}.${key.replace(/SizeInBytes$/, '')}`
      reached.add(field)
      collect(value, field, reached)
    }
  }
}

function paths(struct: Struct, version: number): string[] {
  return struct.fields
    .filter(({ versions }) => versions.min <= version && version <= versions.max)
    .flatMap(({ name, type }) => {
      const inner = structOf(type)
      const deeper = inner === undefined ? [] : paths(inner, version)
      return [`.${name}`, ...deeper.map((path) => `.${name}${path}`)]
    })
}

function structOf(type: FieldType): Struct | undefined {
  const element = type.kind === 'array' ? type.element : type
  return element.kind === 'struct' ? element.struct : undefined
}
