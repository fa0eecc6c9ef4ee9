// What each program of this folder has around it: its input, the record of its cases, and the way back to the test.

/** What the test hands to a program. */
export interface Input {
  /** Bootstrap addresses. */
  readonly brokers: string[]
  /** Set apart from the names of all other runs. */
  readonly run: string
  /** Who is behind the name `kafkajs`; programs must not ask, but for what they print. */
  readonly peer: string
  /** What else this program needs. */
  readonly more: Record<string, string>
}

/** How one case went; `value` has to be the same whoever is behind the name `kafkajs`. */
export type CaseResult = { readonly value: unknown } | { readonly error: { name: string; message: string } }

/** What a program can do. */
export interface Application extends Input {
  /** A name of a topic, group or transactional id that no other run has; the test sees it as it was given. */
  name(given: string): string
  /** Runs one case; what it gives, or how it fails, is compared. A case that takes longer than 30 s has failed. */
  check(title: string, body: () => Promise<unknown>): Promise<void>
}

const caseTimeoutMs = 30_000

/** Runs a program and reports its cases. When it is done nothing may be left that keeps the process. */
export async function application(body: (application: Application) => Promise<void>): Promise<void> {
  const input = JSON.parse(process.env['DROP_IN_INPUT'] ?? '') as Input
  const cases: Record<string, CaseResult> = {}
  const check = async (title: string, run: () => Promise<unknown>): Promise<void> => {
    cases[title] = await withTimeout(run()).then(
      // As it is now: programs go on adding to what they have gathered.
      (value) => ({
        value: value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown),
      }),
      (error: unknown) => ({ error: describeError(error) }),
    )
  }
  const failure = await body({ ...input, name: (given) => `${given}-${input.run}`, check }).then(
    () => null,
    (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
  )
  process.send?.({ cases, failure })
  process.disconnect?.()
}

function describeError(error: unknown): { name: string; message: string } {
  if (error instanceof Error) return { name: error.name, message: error.message }
  return { name: typeof error, message: String(error) }
}

function withTimeout<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${caseTimeoutMs} ms`)), caseTimeoutMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean, what: string, timeoutMs = 25_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
