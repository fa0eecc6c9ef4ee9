/** One thing that is wrong with a value. */
export interface Issue {
  /** Where it stands in the value; empty for the value itself. */
  readonly path: PropertyKey[]
  readonly message: string
  /** What an object has and should not: such an issue says nothing else. */
  readonly unknownKeys?: readonly string[]
  /** True when the value is not what further checks could be asked of. */
  readonly final?: boolean
}

/** An issue as a check gives it: a text about the value itself, or one about a part of it. */
export type AddedIssue = string | (Omit<Issue, 'path'> & { readonly path?: readonly PropertyKey[] })

/** Where a check of the user's own puts what it finds. */
export interface CheckContext {
  addIssue(issue: AddedIssue): void
}

/** What a check says of a value: all that is wrong with it, or its final form. */
export type Checked<Output> =
  | { readonly success: true; readonly data: Output; readonly error?: undefined }
  | {
      readonly success: false
      readonly data?: undefined
      readonly error: { readonly issues: readonly Issue[] }
    }

/** Gives the final form of a value, which counts as long as no issue was added. */
export type Parse<Output> = (value: unknown, issues: Issue[]) => Output

/** What comes out of a schema. */
export type Output<S> = S extends Schema<infer O> ? O : never

/** What a transformation returns that found an issue: nobody looks at it. */
export const never = undefined as never

/**
 * What a value has to be, and what becomes of it: defaults are filled in, everything that is wrong is told. Schemas never
 * change; each method gives a new one. They are made while the package is loaded, so making one is a few closures.
 */
export class Schema<Output> {
  readonly parse: Parse<Output>

  constructor(parse: Parse<Output>) {
    this.parse = parse
  }

  /** Checks a value. Never throws. */
  safeParse(value: unknown): Checked<Output> {
    const issues: Issue[] = []
    const data = this.parse(value, issues)
    return issues.length === 0 ? { success: true, data } : { success: false, error: { issues } }
  }

  /** May be left out. */
  optional(): Schema<Output | undefined> {
    return new Schema((value, issues) => (value === undefined ? undefined : this.parse(value, issues)))
  }

  /** May be null. */
  nullable(): Schema<Output | null> {
    return new Schema((value, issues) => (value === null ? null : this.parse(value, issues)))
  }

  /** May be left out, and is this then; a function is called for it, lists and objects are copied. */
  default(fallback: Output | (() => Output)): Schema<Exclude<Output, undefined>> {
    return new Schema((value, issues) => {
      const given = value === undefined ? ownCopy(fallback) : this.parse(value, issues)
      return given as Exclude<Output, undefined>
    })
  }

  /** Must also pass this test. */
  refine(test: (value: Output) => boolean, message: string): this {
    return this.superRefine((value, context) => {
      if (!test(value)) context.addIssue(message)
    })
  }

  /** Is checked by this too, once it is of the right type. */
  superRefine(check: (value: Output, context: CheckContext) => void): this {
    const parse: Parse<Output> = (value, issues) => {
      const before = issues.length
      const output = this.parse(value, issues)
      if (!issues.some(({ final }, at) => at >= before && final)) check(output, contextOf(issues))
      return output
    }
    return Object.assign(Object.create(Object.getPrototypeOf(this) as object), this, { parse }) as this
  }

  /** Becomes something else, once nothing is wrong with it. */
  transform<To>(change: (value: Output, context: CheckContext) => To): Schema<To> {
    return new Schema((value, issues) => {
      const before = issues.length
      const output = this.parse(value, issues)
      return issues.length > before ? never : change(output, contextOf(issues))
    })
  }
}

function contextOf(issues: Issue[]): CheckContext {
  return {
    addIssue(issue) {
      if (typeof issue === 'string') issues.push({ path: [], message: issue })
      else issues.push({ ...issue, path: [...(issue.path ?? [])] })
    },
  }
}

function ownCopy<T>(fallback: T | (() => T)): T {
  if (typeof fallback === 'function') return (fallback as () => T)()
  if (Array.isArray(fallback)) return [...(fallback as unknown[])] as T
  return typeof fallback === 'object' && fallback !== null ? { ...fallback } : fallback
}
