/** `FindCoordinator` becomes `find-coordinator`. */
export function kebabCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase()
}

/** Kafka's field and API names in camelCase: only the first letter changes. */
export function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

/** Kafka's API name of a message: `FetchRequest` and `FetchResponse` belong to `Fetch`. */
export function apiName(messageName: string): string {
  return messageName.replace(/(Request|Response)$/, '')
}

/**
 * Names of the interfaces of a message's structs. Struct names are unique inside one message only, so the
 * message's name comes first; where the struct repeats the API's name, it is said once.
 */
export function structTypeName(messageName: string, structName: string, taken: ReadonlySet<string>): string {
  const api = apiName(messageName)
  const rest = structName.startsWith(api) ? structName.slice(api.length) : structName
  const short = `${messageName}${rest}`
  if (/^[A-Z]/.test(rest) && !taken.has(short)) return short
  return `${messageName}${structName}`
}
