import { ErrorCode } from '../../base/error-codes'
import {
  updateFeaturesApi,
  type UpdateFeaturesRequest,
  type UpdateFeaturesRequestFeatureUpdateKey,
  type UpdateFeaturesResponse,
} from '../../wire/generated/broker/update-features'
import type { FeatureLevels, Release } from '../contracts/release'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/** Kafka's numbers of what an update may do. */
const upgradeTypes = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

/** Finalizes levels of features (KIP-584): all that are asked for, or none. */
export function updateFeaturesHandler(
  services: Services,
): ApiHandler<UpdateFeaturesRequest, UpdateFeaturesResponse> {
  return handler(updateFeaturesApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    if (!services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)) {
      const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
      return { throttleTimeMs, errorCode, errorMessage: 'Cluster authorization failed.', results: [] }
    }
    try {
      for (const update of request.featureUpdates) {
        checkUpdate(update, context.apiVersion, services.release, context.broker.id)
      }
    } catch (error) {
      const words = 'The update failed for all features since the following feature had an error:'
      const errorMessage = `${words} ${errorMessageOf(error) ?? ''}`
      return { throttleTimeMs, errorCode: errorCodeOf(error), errorMessage, results: [] }
    }
    if (!(context.apiVersion >= 1 && request.validateOnly)) {
      for (const { feature, maxVersionLevel } of request.featureUpdates) {
        services.release.finalize(feature, maxVersionLevel)
      }
    }
    const results = request.featureUpdates.map(({ feature }) => ({
      feature,
      errorCode: ErrorCode.NONE,
      errorMessage: 'NONE',
    }))
    return {
      throttleTimeMs,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      ...(context.apiVersion <= 1 ? { results } : {}),
    }
  })
}

/** @throws INVALID_UPDATE_VERSION */
function checkUpdate(
  update: UpdateFeaturesRequestFeatureUpdateKey,
  apiVersion: number,
  release: Release,
  controllerId: number,
): void {
  const { feature, maxVersionLevel: level } = update
  const refuse = (why: string): Error =>
    fail('INVALID_UPDATE_VERSION', `Invalid update version ${level} for feature ${feature}. ${why}`)
  const type = typeOf(update, apiVersion)
  if (!(Object.values(upgradeTypes) as number[]).includes(type)) {
    throw refuse('The controller does not support the given upgrade type.')
  }
  if (level < 0) throw refuse('A feature version cannot be less than 0.')
  const levels = release.features.get(feature)
  if (levels === undefined) throw refuse(`Local controller ${controllerId} does not support this feature.`)
  if (level < levels.supportedMin || level > levels.supportedMax) {
    const { supportedMin, supportedMax } = levels
    throw refuse(`Local controller ${controllerId} only supports versions ${supportedMin}-${supportedMax}`)
  }
  if (level < levels.finalized) checkDowngrade(feature, level, levels, type, refuse)
  if (level > levels.finalized && type !== upgradeTypes.upgrade) {
    throw refuse("Can't downgrade to a newer version.")
  }
}

/** Version 0 says only whether it may go down. */
function typeOf(update: UpdateFeaturesRequestFeatureUpdateKey, apiVersion: number): number {
  if (apiVersion >= 1) return update.upgradeType
  return update.allowDowngrade ? upgradeTypes.safeDowngrade : upgradeTypes.upgrade
}

function checkDowngrade(
  feature: string,
  level: number,
  levels: FeatureLevels,
  type: number,
  refuse: (why: string) => Error,
): void {
  if (type === upgradeTypes.upgrade) {
    throw refuse(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    )
  }
  if (feature !== 'metadata.version') return
  const why =
    type === upgradeTypes.unsafeDowngrade
      ? 'Unsafe metadata downgrade is not supported in this version.'
      : 'Refusing to perform the requested downgrade because it might delete metadata information.'
  throw fail(
    'INVALID_UPDATE_VERSION',
    `Unsupported metadata.version downgrade from ${levels.finalized} to ${level}. ${why}`,
  )
}
