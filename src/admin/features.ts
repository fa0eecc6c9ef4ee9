import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import { clientSoftware } from '../network/client-software'
import { apiVersionsApi } from '../wire/generated/client/api-versions'
import { updateFeaturesApi } from '../wire/generated/client/update-features'
import { request, requestTimeoutMs, type AdminCall } from './admin-call'
import { nodeIdSchema, parseItems } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { brokerError, controllerRetries, oneShard } from './shards'

/** Levels of a feature, both included. */
export interface FeatureLevels {
  readonly min: number
  readonly max: number
}

/** A feature of the cluster, such as `metadata.version`. */
export interface FeatureDescription {
  readonly feature: string
  /** What the cluster agreed on; null when it is not in use. */
  readonly finalized: FeatureLevels | null
  /** What the broker that answered can do; null when it does not know the feature. */
  readonly supported: FeatureLevels | null
}

/** Whether a feature may lose what its level had: `unsafeDowngrade` may lose metadata. */
export type FeatureUpgradeType = 'upgrade' | 'safeDowngrade' | 'unsafeDowngrade'

/** The level that a feature shall have. */
export interface FeatureUpdate {
  readonly feature: string
  /** 0 switches the feature off. */
  readonly level: number
  /** Default: `upgrade`, which refuses lower levels. */
  readonly type?: FeatureUpgradeType
}

/** A feature that has its level. */
export interface UpdatedFeature {
  readonly feature: string
}

export interface DescribeFeaturesOptions extends AdminCallOptions {
  /** The broker to ask, while brokers differ in what they can do. Default: any. */
  readonly nodeId?: number
}

/** The options of `describeFeatures` as they are checked. */
export const describeFeaturesOptions = z.lazy(() =>
  z.strictObject({ ...callOptionFields, nodeId: z.optional(nodeIdSchema) }),
)

export interface UpdateFeaturesOptions extends AdminCallOptions {
  /** Checks whether the update could be made, and makes none; needs Kafka 3.3. Default: false. */
  readonly validateOnly?: boolean
}

/** The options of `updateFeatures` as they are checked. */
export const updateFeaturesOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    validateOnly: z._default(z.boolean(), false),
  }),
)

const updateSchema = z.lazy(() =>
  z.strictObject({
    feature: z.string().check(z.minLength(1)),
    level: z.int().check(z.minimum(0), z.maximum(32_767)),
    type: z._default(z.enum(['upgrade', 'safeDowngrade', 'unsafeDowngrade']), 'upgrade'),
  }),
)

/** Kafka's numbers. */
const upgradeTypes = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

/** From here on brokers tell features. */
const featuresVersion = 3
/** From here on requests say what kind of update they mean, and can be for checking only. */
const typesVersion = 1

/** Kafka: `Admin.describeFeatures` (KIP-584), API ApiVersions, to any broker or the one that is named. */
export async function describeFeatures(
  call: AdminCall,
  { nodeId }: z.output<typeof describeFeaturesOptions>,
): Promise<FeatureDescription[]> {
  const body = { clientSoftwareName: clientSoftware.name, clientSoftwareVersion: clientSoftware.version }
  const target = nodeId === undefined ? ({ kind: 'any' } as const) : ({ kind: 'node', nodeId } as const)
  const response = await request(call, target, apiVersionsApi, body, {
    minVersion: featuresVersion,
    // Later versions say to whom the request is meant to go.
    maxVersion: 4,
    errorOf: (answer) => answer,
  })
  const supported = new Map(response.supportedFeatures.map((one) => [one.name, one]))
  const finalized = new Map(response.finalizedFeatures.map((one) => [one.name, one]))
  return [...new Set([...supported.keys(), ...finalized.keys()])].sort().map((feature) => {
    const can = supported.get(feature)
    const agreed = finalized.get(feature)
    return {
      feature,
      finalized: agreed === undefined ? null : { min: agreed.minVersionLevel, max: agreed.maxVersionLevel },
      supported: can === undefined ? null : { min: can.minVersion, max: can.maxVersion },
    }
  })
}

type Update = z.output<typeof updateSchema>

/**
 * Kafka: `Admin.updateFeatures` (KIP-584), API UpdateFeatures, to the controller. Since Kafka 4.0 all updates are made,
 * or none.
 */
export async function updateFeatures(
  call: AdminCall,
  updates: readonly FeatureUpdate[],
  { validateOnly }: z.output<typeof updateFeaturesOptions>,
): Promise<ItemResult<UpdatedFeature, 'feature'>[]> {
  const items = parseItems(
    'updateFeatures',
    'updates',
    updateSchema,
    updates,
    ({ feature }) => `'${feature}'`,
  )
  const outcomes = await runItems<Update, object>(call, items, {
    plan: (open) => Promise.resolve(oneShard(open, (shard) => send(call, shard, validateOnly))),
    retried: controllerRetries,
  })
  return itemResults(items, outcomes, ({ feature }) => ({ feature }))
}

async function send(
  call: AdminCall,
  items: readonly Update[],
  validateOnly: boolean,
): Promise<ReadonlyMap<Update, Outcome<object>>> {
  const needsTypes = validateOnly || items.some(({ type }) => type === 'unsafeDowngrade')
  const body = (version: number) => ({
    timeoutMs: requestTimeoutMs(call),
    featureUpdates: items.map(({ feature, level, type }) => ({
      feature,
      maxVersionLevel: level,
      ...(version < typesVersion
        ? { allowDowngrade: type !== 'upgrade' }
        : { upgradeType: upgradeTypes[type] }),
    })),
    ...(version < typesVersion ? {} : { validateOnly }),
  })
  const response = await request(call, { kind: 'controller' }, updateFeaturesApi, body, {
    minVersion: needsTypes ? typesVersion : 0,
    errorOf: (answer) => answer,
  })
  const refused = new Map(
    response.results.filter(({ errorCode }) => errorCode !== ErrorCode.NONE).map((one) => [one.feature, one]),
  )
  return new Map(
    items.map((item): [Update, Outcome<object>] => {
      const answer = refused.get(item.feature)
      const what = `Feature '${item.feature}' was not updated`
      if (answer === undefined) return [item, { value: {} }]
      return [item, { error: brokerError(answer, what, { api: updateFeaturesApi.name }) }]
    }),
  )
}
