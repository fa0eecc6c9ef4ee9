import type { PartialResults } from './call-options'
import { describeResource, type ConfigResource } from './config-resource'
import {
  describeConfigs,
  describeConfigsOptions,
  type ConfigsDescription,
  type ConfigsQuery,
  type DescribeConfigsOptions,
} from './describe-configs'
import {
  incrementalAlterConfigs,
  incrementalAlterConfigsOptions,
  type AlteredConfigs,
  type ConfigChanges,
  type IncrementalAlterConfigsOptions,
} from './incremental-alter-configs'
import {
  listConfigResources,
  listConfigResourcesOptions,
  type ListConfigResourcesOptions,
} from './list-config-resources'
import type { ItemResult } from './item-result'
import { TopicAdmin } from './topic-admin'
import { alterConfigs, type NewConfigs } from './alter-configs'

/** Configs of topics, brokers, groups, … */
export abstract class ConfigAdmin extends TopicAdmin {
  /** The configs of topics, brokers, groups, … */
  describeConfigs(
    resources: readonly ConfigsQuery[],
    options: DescribeConfigsOptions & PartialResults,
  ): Promise<ItemResult<ConfigsDescription, 'type' | 'name'>[]>
  describeConfigs(
    resources: readonly ConfigsQuery[],
    options?: DescribeConfigsOptions,
  ): Promise<ConfigsDescription[]>
  describeConfigs(resources: readonly ConfigsQuery[], options?: DescribeConfigsOptions) {
    return this.items(
      'describeConfigs',
      describeConfigsOptions,
      options,
      describeResource,
      (call, resolved) => describeConfigs(call, resources, resolved),
    )
  }

  /** Changes single configs; those that are not named stay as they are. */
  incrementalAlterConfigs(
    changes: readonly ConfigChanges[],
    options: IncrementalAlterConfigsOptions & PartialResults,
  ): Promise<ItemResult<AlteredConfigs, 'type' | 'name'>[]>
  incrementalAlterConfigs(
    changes: readonly ConfigChanges[],
    options?: IncrementalAlterConfigsOptions,
  ): Promise<AlteredConfigs[]>
  incrementalAlterConfigs(changes: readonly ConfigChanges[], options?: IncrementalAlterConfigsOptions) {
    return this.items(
      'incrementalAlterConfigs',
      incrementalAlterConfigsOptions,
      options,
      describeResource,
      (call, resolved) => incrementalAlterConfigs(call, changes, resolved),
    )
  }

  /**
   * Sets all configs of resources: what is not named goes back to its default. `incrementalAlterConfigs` leaves the
   * others alone, and is what you want unless a program relies on the old call.
   */
  alterConfigs(
    resources: readonly NewConfigs[],
    options: IncrementalAlterConfigsOptions & PartialResults,
  ): Promise<ItemResult<AlteredConfigs, 'type' | 'name'>[]>
  alterConfigs(
    resources: readonly NewConfigs[],
    options?: IncrementalAlterConfigsOptions,
  ): Promise<AlteredConfigs[]>
  alterConfigs(resources: readonly NewConfigs[], options?: IncrementalAlterConfigsOptions) {
    const schema = incrementalAlterConfigsOptions
    return this.items('alterConfigs', schema, options, describeResource, (call, resolved) =>
      alterConfigs(call, resources, resolved),
    )
  }

  /** The resources that configs can belong to, by type and name. */
  listConfigResources(options?: ListConfigResourcesOptions): Promise<ConfigResource[]> {
    return this.call('listConfigResources', listConfigResourcesOptions, options, listConfigResources)
  }
}
