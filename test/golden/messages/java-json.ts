/** JSON of Java's message converters; integers of more than 15 digits are bigints. */
export type JavaJson = null | boolean | number | bigint | string | JavaJson[] | { [key: string]: JavaJson }

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const marker = '\u0001bigint:'

/** Parses JSON without losing digits of 64-bit integers. */
export function parseJavaJson(text: string): JavaJson {
  const marked = text.replace(stringOrNumber, (token) =>
    /^-?\d{16,}$/.test(token) ? `"\\u0001bigint:${token}"` : token,
  )
  return JSON.parse(marked, (_key, value: JavaJson) =>
    typeof value === 'string' && value.startsWith(marker) ? BigInt(value.slice(marker.length)) : value,
  ) as JavaJson
}

/**
 * Where a decoded message differs from Java's JSON, or undefined. Knows nothing of single messages: Java leaves out
 * fields that the version does not have and tagged fields with their default, so only what it names is compared.
 */
export function differenceFromJava(decoded: unknown, json: JavaJson, path = ''): string | undefined {
  if (Array.isArray(json)) return arrayDifference(decoded, json, path)
  if (json !== null && typeof json === 'object') return objectDifference(decoded, json, path)
  return isSameScalar(decoded, json) ? undefined : `${path}: ${String(decoded)}, Java says ${String(json)}`
}

function isSameScalar(decoded: unknown, json: JavaJson): boolean {
  if (typeof decoded === 'bigint') {
    return (typeof json === 'number' || typeof json === 'bigint') && decoded === BigInt(json)
  }
  if (Buffer.isBuffer(decoded)) return typeof json === 'string' && decoded.toString('base64') === json
  return Object.is(decoded, json)
}

function arrayDifference(decoded: unknown, json: JavaJson[], path: string): string | undefined {
  if (!Array.isArray(decoded)) return `${path}: not an array`
  if (decoded.length !== json.length) return `${path}: ${decoded.length} elements, Java says ${json.length}`
  for (const [index, element] of json.entries()) {
    const difference = differenceFromJava(decoded[index], element, `${path}[${index}]`)
    if (difference !== undefined) return difference
  }
  return undefined
}

function objectDifference(
  decoded: unknown,
  json: { [key: string]: JavaJson },
  path: string,
): string | undefined {
  if (decoded === null || typeof decoded !== 'object') return `${path}: not an object`
  const fields = new Map<string, unknown>(Object.entries(decoded))
  for (const [key, value] of Object.entries(json)) {
    // Java gives the size of records in place of the records.
    const sizeOf = /^(.*)SizeInBytes$/.exec(key)?.[1]
    if (sizeOf !== undefined && fields.has(sizeOf)) {
      const records = fields.get(sizeOf)
      if (!Buffer.isBuffer(records) || records.length !== value) return `${path}.${sizeOf}: wrong size`
      continue
    }
    if (!fields.has(key)) return `${path}.${key} is missing`
    const difference = differenceFromJava(fields.get(key), value, `${path}.${key}`)
    if (difference !== undefined) return difference
  }
  return undefined
}
