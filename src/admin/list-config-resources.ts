import * as z from 'zod/mini'
import { listConfigResourcesApi } from '../wire/generated/client/list-config-resources'
import { request, type AdminCall } from './admin-call'
import { callOptionFields, type AdminCallOptions } from './call-options'
import {
  resourceFields,
  resourceTypeCodes,
  type ConfigResource,
  type ConfigResourceType,
} from './config-resource'

export interface ListConfigResourcesOptions extends AdminCallOptions {
  /** Only resources of these types. Default: all that the broker knows. */
  readonly types?: readonly ConfigResourceType[]
}

/** The options of `listConfigResources` as they are checked. */
export const listConfigResourcesOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    types: z.optional(z.array(resourceFields.type).check(z.minLength(1))),
  }),
)

/** Before it a broker lists client metrics, and nothing else (KIP-1142). */
const typesVersion = 1

/** Kafka: `Admin.listConfigResources` (KIP-1142), API ListConfigResources, to any broker. */
export async function listConfigResources(
  call: AdminCall,
  { types }: z.output<typeof listConfigResourcesOptions>,
): Promise<ConfigResource[]> {
  const onlyMetrics = types?.every((type) => type === 'clientMetrics') ?? false
  const body = onlyMetrics ? {} : { resourceTypes: (types ?? []).map((type) => resourceTypeCodes[type]) }
  const response = await request(
    call,
    { kind: 'any' },
    listConfigResourcesApi,
    (version: number) =>
      version < typesVersion ? {} : onlyMetrics ? { resourceTypes: [resourceTypeCodes.clientMetrics] } : body,
    { minVersion: onlyMetrics ? 0 : typesVersion, errorOf: (answer) => answer },
  )
  const names = Object.keys(resourceTypeCodes) as ConfigResourceType[]
  return response.configResources.flatMap(({ resourceName, resourceType }) => {
    const type = names.find((name) => resourceTypeCodes[name] === resourceType)
    return type === undefined ? [] : [{ type, name: resourceName }]
  })
}
