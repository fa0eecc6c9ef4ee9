import { type ProgramOptions, type ProgramOutcome, runProgram } from './run-program'
import type { Peer } from './peer-folders'

// How a program is compared: a test file declares
//
//   compareProgram(
//     () => ({ program: 'orders', brokers: cluster.bootstrap }),
//     {
//       'a message comes back': 'hello',
//       'what was sent is counted': differs({ count: 3 }, { on: { count: 2 }, because: 'it loses one (#1303)' }),
//       'snappy': differs('read', { on: failure(/not implemented/), because: 'it has no codec of its own' }),
//     },
//   )
//
// and test/drop-in/applications/orders.ts is the program, which calls `check` once for each of these titles. It runs twice,
// side by side, on the same brokers: with KafkaJS and with ours behind the name `kafkajs`. Each title becomes a test: our
// outcome is what is declared, and so is KafkaJS's, unless the case is marked with what KafkaJS does instead and why. A
// mark that is no longer true fails as well, and so does a case that one side knows and the other does not.

/** A case that goes another way on KafkaJS. */
class Difference {
  constructor(
    readonly ours: unknown,
    readonly theirs: unknown,
    readonly because: string,
  ) {}
}

/** A failure in place of a value. */
class Failure {
  constructor(readonly message: RegExp) {}
}

/** Marks a case: with us it gives `ours`, with KafkaJS `on`, and why. */
export function differs(ours: unknown, { on, because }: { on: unknown; because: string }): unknown {
  return new Difference(ours, on, because)
}

/** The case fails, with a message like this. */
export function failure(message: RegExp): unknown {
  return new Failure(message)
}

const lingering = 'the process ends by itself'
const startTimeoutMs = 180_000

/**
 * Declares the tests of one program; see above.
 *
 * @param options asked for each side when the tests begin, so that brokers may be started by a `beforeAll` before
 * @param cases title → outcome; values are compared by `toEqual`, so `expect.any(Number)` and the like may be in them
 */
export function compareProgram(
  options: (peer: Peer) => ProgramOptions,
  cases: Readonly<Record<string, unknown>>,
): void {
  const outcomes = new Map<Peer, ProgramOutcome | Error>()
  const run = async (peer: Peer): Promise<void> => {
    outcomes.set(
      peer,
      await runProgram(peer, options(peer)).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      ),
    )
  }
  const outcomeOf = (peer: Peer): ProgramOutcome => {
    const outcome = outcomes.get(peer)
    if (outcome instanceof Error) throw outcome
    return outcome as ProgramOutcome
  }
  beforeAll(() => Promise.all([run('kafkajs'), run('typed-kafka')]), startTimeoutMs)

  for (const [title, expected] of Object.entries(cases)) {
    const { ours, theirs, mark } = sides(expected)
    it(title + mark, () => {
      expectCase(outcomeOf('typed-kafka').cases[title], ours, 'typed-kafka')
      expectCase(outcomeOf('kafkajs').cases[title], theirs, 'KafkaJS')
    })
  }
  it(`${lingering}, and has no other cases than these`, () => {
    for (const peer of ['typed-kafka', 'kafkajs'] as const) {
      const { cases: known, endsByItself } = outcomeOf(peer)
      expect(Object.keys(known).sort()).toEqual(Object.keys(cases).sort())
      expect({ peer, endsByItself }).toEqual({ peer, endsByItself: true })
    }
  })
}

function sides(expected: unknown): { ours: unknown; theirs: unknown; mark: string } {
  if (!(expected instanceof Difference)) return { ours: expected, theirs: expected, mark: '' }
  return { ours: expected.ours, theirs: expected.theirs, mark: ` (not so on KafkaJS: ${expected.because})` }
}

function expectCase(
  result: ProgramOutcome['cases'][string] | undefined,
  expected: unknown,
  who: string,
): void {
  if (expected instanceof Failure) {
    expect({ who, result }).toEqual({
      who,
      result: {
        error: {
          name: expect.any(String) as string,
          message: expect.stringMatching(expected.message) as string,
        },
      },
    })
    return
  }
  expect({ who, result }).toEqual({ who, result: { value: expected } })
}
