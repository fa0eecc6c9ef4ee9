import type { FieldDefinition, MessageDefinition } from './schema'

/** Figures of a set of definitions. They are compared with what is known of the pinned jar. */
export interface Inventory {
  readonly files: Readonly<Record<MessageDefinition['type'], number>>
  readonly apiKeys: number
  readonly retiredKeys: number
  readonly brokerKeys: number
  readonly controllerOnlyKeys: number
  readonly messageVersionPairs: number
  readonly fields: number
  readonly inlineStructs: number
  readonly commonStructs: number
  readonly taggedFields: number
  readonly nullableFields: number
  readonly nullableWithoutDefault: number
  readonly defaults: number
  readonly ignorable: number
  readonly mapKeys: number
  readonly entityTypes: number
  readonly zeroCopy: number
  readonly recordsFields: number
  readonly fieldLevelFlexible: number
  readonly closedRanges: number
}

/** What the 4.4.0 definitions hold; another jar needs these figures looked at, not only copied. */
export const expectedInventory: Inventory = {
  files: { request: 95, response: 95, header: 2, data: 11 },
  apiKeys: 95,
  retiredKeys: 4,
  brokerKeys: 79,
  controllerOnlyKeys: 12,
  messageVersionPairs: 640,
  fields: 1675,
  inlineStructs: 274,
  commonStructs: 34,
  taggedFields: 25,
  nullableFields: 200,
  nullableWithoutDefault: 81,
  defaults: 267,
  ignorable: 170,
  mapKeys: 75,
  entityTypes: 210,
  zeroCopy: 5,
  recordsFields: 4,
  fieldLevelFlexible: 1,
  closedRanges: 47,
}

/** Counts what stands in a set of definitions. */
export function takeInventory(definitions: readonly MessageDefinition[]): Inventory {
  const fields = definitions.flatMap(allFields)
  const requests = definitions.filter(({ type }) => type === 'request')
  const live = requests.filter(({ validVersions }) => validVersions !== 'none')
  const count = (test: (field: FieldDefinition) => boolean): number => fields.filter(test).length
  const files = { request: 0, response: 0, header: 0, data: 0 }
  for (const { type } of definitions) files[type]++
  return {
    files,
    apiKeys: new Set(requests.map(({ apiKey }) => apiKey)).size,
    retiredKeys: requests.length - live.length,
    brokerKeys: live.filter(({ listeners }) => listeners?.includes('broker')).length,
    controllerOnlyKeys: live.filter(({ listeners }) => !listeners?.includes('broker')).length,
    messageVersionPairs: definitions.reduce((sum, { validVersions }) => sum + versionCount(validVersions), 0),
    fields: fields.length,
    inlineStructs: count(({ fields: inner }) => inner !== undefined),
    commonStructs: definitions.reduce((sum, { commonStructs }) => sum + (commonStructs?.length ?? 0), 0),
    taggedFields: count(({ tag }) => tag !== undefined),
    nullableFields: count(({ nullableVersions }) => nullableVersions !== undefined),
    nullableWithoutDefault: count(isNullableWithoutDefault),
    defaults: count((field) => field.default !== undefined),
    ignorable: count(({ ignorable }) => ignorable === true),
    mapKeys: count(({ mapKey }) => mapKey === true),
    entityTypes: count(({ entityType }) => entityType !== undefined),
    zeroCopy: count(({ zeroCopy }) => zeroCopy === true),
    recordsFields: count(({ type }) => type === 'records'),
    fieldLevelFlexible: count(({ flexibleVersions }) => flexibleVersions !== undefined),
    closedRanges: count(({ versions }) => !versions.endsWith('+')),
  }
}

/** Throws with every figure that is not as expected. */
export function checkInventory(actual: Inventory, expected: Inventory): void {
  const keys = Object.keys(expected) as (keyof Inventory)[]
  const problems = keys.flatMap((key) => {
    const [is, was] = [JSON.stringify(actual[key]), JSON.stringify(expected[key])]
    return is === was ? [] : [`${key} ${is} instead of ${was}`]
  })
  if (problems.length > 0) throw new Error(`The definitions are not the known ones: ${problems.join('; ')}`)
}

/** Records are null by default without saying so. */
function isNullableWithoutDefault(field: FieldDefinition): boolean {
  return field.nullableVersions !== undefined && field.default === undefined && field.type !== 'records'
}

function allFields(definition: MessageDefinition): FieldDefinition[] {
  const roots = [definition.fields ?? [], ...(definition.commonStructs ?? []).map(({ fields }) => fields)]
  const collect = (fields: readonly FieldDefinition[]): FieldDefinition[] =>
    fields.flatMap((field) => [field, ...collect(field.fields ?? [])])
  return roots.flatMap(collect)
}

function versionCount(versions: string): number {
  if (versions === 'none') return 0
  const [min, max] = versions.split('-').map(Number)
  return (max ?? (min as number)) - (min as number) + 1
}
