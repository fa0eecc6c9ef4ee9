import type { KafkaError } from '../../src/base/errors'

/** What a promise rejects with, as it is: a KafkaError in most tests. Fails when it resolves. */
export function rejectionOf(promise: Promise<unknown>): Promise<KafkaError> {
  return promise.then(
    () => {
      throw new Error('It was expected to reject')
    },
    (error: KafkaError) => error,
  )
}
