import { KafkaError } from '../base/errors'

/** What a call's items have in common, whatever they are. */
export interface AnyItemResult {
  readonly error: KafkaError | null
}

const shownFailures = 5

/**
 * At least one item of an admin call failed. `code` is the code all failed items share, or `MULTIPLE_ERRORS`;
 * `retriable` is true when every failed item may succeed later. `results` holds all items of the call, also
 * those that were done: an item's `error` is null or the reason.
 */
export class AdminError<Result extends AnyItemResult = AnyItemResult> extends KafkaError {
  override readonly name = 'AdminError'
  protected static override readonly brandName: string = 'AdminError'
  /** Every item of the call, in the order of the request. */
  readonly results: readonly Result[]

  constructor(what: string, results: readonly Result[], describe: (result: Result) => string) {
    const failed = results.filter((result) => result.error !== null)
    const errors = failed.map((result) => result.error as KafkaError)
    const [first] = errors
    const code = errors.every((error) => error.code === first?.code) ? first?.code : undefined
    const shown = failed
      .slice(0, shownFailures)
      .map((result) => `${describe(result)}: ${(result.error as KafkaError).message}`)
    const more = failed.length > shownFailures ? `; and ${failed.length - shownFailures} more` : ''
    super(
      code ?? 'MULTIPLE_ERRORS',
      `${what} failed for ${failed.length} of ${results.length}: ${shown.join('; ')}${more}`,
      { retriable: errors.every((error) => error.retriable), cause: first },
    )
    this.results = results
    // The items may be many, and each failure is in the message: keep logs of the error readable.
    Object.defineProperty(this, 'results', { enumerable: false })
  }
}
