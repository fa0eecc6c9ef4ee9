import * as z from 'zod/mini'
import { InvalidOptionError } from './errors'
import { inEnglish } from './in-english'

/** As much of a schema as is needed to check options: declarations that name it need no package of schemas. */
export interface OptionsSchema<Output> {
  safeParse(
    options: unknown,
    context: object,
  ):
    | { readonly success: true; readonly data: Output }
    | { readonly success: false; readonly error: { readonly issues: readonly object[] } }
}

/**
 * Options as the user wrote them in, one frozen object with nothing optional out. All problems are listed in one
 * error: unknown names (with the nearest known one), wrong types, values out of range, contradictions.
 */
export function resolveOptions<Output>(
  schema: OptionsSchema<Output>,
  what: string,
  options: unknown,
): Readonly<Output> {
  const result = schema.safeParse(options ?? {}, inEnglish)
  if (result.success) return Object.freeze(result.data)
  const known = namesIn(schema)
  const problems = result.error.issues.flatMap((issue) => describeIssue(issue as Issue, options, known))
  throw new InvalidOptionError(`Wrong options for ${what}`, problems)
}

/** What an object of this schema can have. */
function namesIn(schema: object): string[] {
  const made = schema instanceof z.ZodMiniLazy ? schema._zod.innerType : schema
  return made instanceof z.ZodMiniObject ? Object.keys(made.shape) : []
}

type Issue = z.core.$ZodIssue

function describeIssue(issue: Issue, options: unknown, known: readonly string[]): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const nearest = nearestName(key, known)
      return `unknown option '${[...issue.path, key].join('.')}'${nearest ? `, did you mean '${nearest}'?` : ''}`
    })
  }
  const path = issue.path.map(String).join('.')
  if (path === '') return [issue.message]
  const value = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    options,
  )
  const shown = isSecret(path) ? '(hidden)' : describeValue(value)
  return [`option '${path}' is ${shown}: ${lowerFirst(issue.message)}`]
}

function isSecret(path: string): boolean {
  return /password|secret|token|passphrase|key$/i.test(path)
}

function describeValue(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return String(value)
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** The known name that a wrong one was probably meant to be; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min((previous[j] as number) + 1, (row[j - 1] as number) + 1, substitution))
    }
    previous = row
  }
  return previous[b.length] as number
}
