import type { FieldType } from './model'
import { covers, parseRange } from './range'
import type { FieldDefinition, MessageDefinition } from './schema'

const nullableKinds = new Set(['string', 'bytes', 'records', 'array', 'struct'])

/** What a field must satisfy whatever message it stands in; throws with the reason. */
export function checkField(field: FieldDefinition, type: FieldType): void {
  const versions = parseRange(field.versions)
  if (versions === null) throw new Error('versions may not be "none"')
  if (field.nullableVersions !== undefined && !nullableKinds.has(type.kind)) {
    throw new Error(`type ${type.kind} can't be nullable`)
  }
  if (field.default === 'null' && !covers(nullableRange(field), versions)) {
    throw new Error(`default null needs nullableVersions that cover versions ${field.versions}`)
  }
  if (field.flexibleVersions !== undefined) {
    if (type.kind !== 'string' && type.kind !== 'bytes')
      throw new Error(`flexibleVersions is for string and bytes only`)
    if (field.flexibleVersions !== 'none')
      throw new Error('a field-level flexibleVersions can only be "none"')
  }
  if (field.mapKey === true && (type.kind === 'struct' || type.kind === 'array'))
    throw new Error('a map key must be a scalar')
  checkTag(field, type)
}

function checkTag(field: FieldDefinition, type: FieldType): void {
  if ((field.tag === undefined) !== (field.taggedVersions === undefined)) {
    throw new Error('tag and taggedVersions belong together')
  }
  if (field.taggedVersions === undefined) return
  const tagged = parseRange(field.taggedVersions)
  const versions = parseRange(field.versions)
  if (tagged === null || tagged.max !== Infinity) throw new Error('taggedVersions must be open-ended')
  if (versions === null || versions.min !== tagged.min || versions.max !== tagged.max) {
    throw new Error(`taggedVersions ${field.taggedVersions} must equal versions ${field.versions}`)
  }
  if (type.kind === 'struct' && field.nullableVersions !== undefined) {
    throw new Error("a tagged struct can't be nullable: Java writes it in a form of its own")
  }
  if (field.mapKey === true) throw new Error("a tagged field can't be a map key")
}

/** The versions in which a field may be null, as written. */
export function nullableRange(field: FieldDefinition): ReturnType<typeof parseRange> {
  return field.nullableVersions === undefined ? null : parseRange(field.nullableVersions)
}

/** Tags of one struct must be 0, 1, 2 … without gaps; names must differ once they are camelCase. */
export function checkFields(fields: readonly FieldDefinition[]): void {
  const tags = fields.flatMap((field) => (field.tag === undefined ? [] : [field.tag])).sort((a, b) => a - b)
  tags.forEach((tag, index) => {
    if (tag !== index) throw new Error(`tags ${tags.join(', ')} are not 0, 1, 2 … without gaps`)
  })
  const names = new Set<string>()
  for (const { name } of fields) {
    const lower = name.charAt(0).toLowerCase() + name.slice(1)
    if (names.has(lower)) throw new Error(`two fields are called ${lower}`)
    names.add(lower)
  }
}

/** What a file must satisfy as a whole. */
export function checkMessage(definition: MessageDefinition): void {
  const { type, name, apiKey, listeners, validVersions, flexibleVersions, fields } = definition
  const isApi = type === 'request' || type === 'response'
  if (isApi !== (apiKey !== undefined))
    throw new Error('requests and responses, and only they, have an apiKey')
  if (type === 'request' && !name.endsWith('Request')) throw new Error("a request's name ends in Request")
  if (type === 'response' && !name.endsWith('Response')) throw new Error("a response's name ends in Response")
  if (listeners !== undefined && type !== 'request') throw new Error('only requests have listeners')
  if (parseRange(validVersions) === null) {
    if (fields?.length) throw new Error('validVersions "none" goes without fields')
    return
  }
  if (flexibleVersions === undefined) throw new Error('flexibleVersions is missing ("none" is written out)')
  if (fields === undefined) throw new Error('fields are missing')
  const flexible = parseRange(flexibleVersions)
  if (flexible !== null && flexible.max !== Infinity) throw new Error('flexibleVersions must be open-ended')
}

/** What a request and its response must share. */
export function checkPair(request: MessageDefinition, response: MessageDefinition): void {
  for (const key of ['validVersions', 'flexibleVersions'] as const) {
    if (request[key] !== response[key]) {
      throw new Error(
        `${request.name} and ${response.name} differ in ${key}: ${request[key]}, ${response[key]}`,
      )
    }
  }
}
