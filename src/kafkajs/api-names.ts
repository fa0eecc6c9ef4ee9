/** KafkaJS's names of requests where they are not Kafka's. */
const apiNames: Readonly<Record<string, string>> = { FindCoordinator: 'GroupCoordinator' }

/** What KafkaJS calls a request, by Kafka's name of it. */
export function apiNameOf(api: string): string {
  return apiNames[api] ?? api
}
