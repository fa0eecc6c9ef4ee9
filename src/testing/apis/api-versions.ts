import { ErrorCode } from '../../base/error-codes'
import type { BrokerApi } from '../../wire/api'
import { brokerApis } from '../../wire/generated/broker/all-apis'
import {
  apiVersionsApi,
  type ApiVersionsRequest,
  type ApiVersionsResponse,
} from '../../wire/generated/broker/api-versions'
import { produceApi } from '../../wire/generated/broker/produce'
import type { Release } from '../contracts/release'
import { handler, type ApiHandler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'

/** Answers what the cluster's release serves. A version that is not served is the node's business: it answers in v0. */
export function apiVersionsHandler({
  release,
}: Services): ApiHandler<ApiVersionsRequest, ApiVersionsResponse> {
  return handler(apiVersionsApi, (request, { apiVersion, throttleMs }) => {
    if (apiVersion >= 3 && !isValidSoftware(request.clientSoftwareName, request.clientSoftwareVersion)) {
      return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [], throttleTimeMs: throttleMs }
    }
    return {
      errorCode: ErrorCode.NONE,
      apiKeys: servedVersions(release),
      throttleTimeMs: throttleMs,
      ...(apiVersion >= 3 ? features(release, apiVersion) : {}),
    }
  })
}

/** True for a client's name and version as Kafka takes them (KIP-511); others end in INVALID_REQUEST. */
function isValidSoftware(name: string, version: string): boolean {
  return software.test(name) && software.test(version)
}

const software = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** What ApiVersions lists: each served API with its versions. */
function servedVersions(release: Release): { apiKey: number; minVersion: number; maxVersion: number }[] {
  return brokerApis.flatMap(({ key }: BrokerApi<unknown, never>) => {
    const versions = release.versionsOf(key)
    if (versions === undefined) return []
    // Since 4.0, although 3 is the oldest that is served: older librdkafka would not go on otherwise (KAFKA-18659).
    const minVersion = key === produceApi.key && isSince4(release) ? 0 : versions.min
    return [{ apiKey: key, minVersion, maxVersion: versions.max }]
  })
}

function isSince4(release: Release): boolean {
  return Number.parseInt(release.name, 10) >= 4
}

function features(release: Release, apiVersion: number): Partial<ApiVersionsResponse> {
  if (release.features.size === 0) return {}
  const all = [...release.features]
  return {
    // Clients of version 3 take a lowest level of 0 for a mistake (KIP-1022).
    supportedFeatures: all
      .filter(([, levels]) => apiVersion >= 4 || levels.supportedMin > 0)
      .map(([name, levels]) => ({ name, minVersion: levels.supportedMin, maxVersion: levels.supportedMax })),
    finalizedFeaturesEpoch: release.featuresEpoch,
    finalizedFeatures: all
      .filter(([, levels]) => levels.finalized > 0)
      .map(([name, levels]) => ({
        name,
        minVersionLevel: levels.finalized,
        maxVersionLevel: levels.finalized,
      })),
  }
}
