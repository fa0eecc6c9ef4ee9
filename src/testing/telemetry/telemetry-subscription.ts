import { parseMatch } from '../configs/client-metrics-config-checks'
import type { ClusterConfigs } from '../configs/cluster-configs'
import { clientMetricsConfigs } from '../configs/config-definition'
import { ConfigResourceType } from '../contracts/config-store'
import { listOf } from '../configs/config-value'
import type { RequestContext } from '../contracts/api-handler'
import { javaHash } from '../cluster/java-hash'

/** Which metrics a client is to push, and how often. */
export interface TelemetrySubscription {
  /** Changes with the metrics and the interval. */
  readonly id: number
  /** Prefixes of names; `*` for all, none for nothing. */
  readonly metrics: readonly string[]
  readonly pushIntervalMs: number
}

/** All subscriptions that match a client, made one: their metrics together, and the shortest interval (KIP-714). */
export function subscriptionFor(
  configs: ClusterConfigs,
  context: RequestContext,
  clientInstanceId: string,
): TelemetrySubscription {
  const metrics = new Set<string>()
  let pushIntervalMs = Number(clientMetricsConfigs.get('interval.ms')?.defaultValue)
  for (const name of configs.dynamic.names(ConfigResourceType.clientMetrics)) {
    const own = configs.dynamic.of(ConfigResourceType.clientMetrics, name)
    if (!matches(own.get('match') ?? '', context, clientInstanceId)) continue
    for (const metric of listOf(own.get('metrics') ?? '')) metrics.add(metric)
    pushIntervalMs = Math.min(pushIntervalMs, Number(own.get('interval.ms') ?? pushIntervalMs))
  }
  const wanted = metrics.has('*') ? ['*'] : [...metrics]
  const id = javaHash(`${wanted.join(',')} ${pushIntervalMs}`) ^ javaHash(clientInstanceId)
  return { id, metrics: wanted, pushIntervalMs }
}

function matches(match: string, { session, clientId }: RequestContext, clientInstanceId: string): boolean {
  const known: Readonly<Record<string, string>> = {
    client_instance_id: clientInstanceId,
    client_id: clientId ?? '',
    client_software_name: session.softwareName,
    client_software_version: session.softwareVersion,
    client_source_address: session.clientHost,
  }
  return [...parseMatch(match)].every(([name, pattern]) => pattern.test(known[name] ?? ''))
}
