/** The one log directory of a broker, as the APIs on log directories name it. There is no such folder. */
export function logDirOf(brokerId: number): string {
  return `/in-memory/kafka-logs-${brokerId}`
}
