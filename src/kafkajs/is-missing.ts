/** True for null and undefined, which KafkaJS treats alike. */
export function isMissing(value: unknown): value is null | undefined {
  return value === undefined || value === null
}
