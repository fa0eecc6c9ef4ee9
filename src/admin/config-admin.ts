import type { PartialResults } from './call-options'
import { describeResource } from './config-resource'
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
import type { ItemResult } from './item-result'
import { TopicAdmin } from './topic-admin'

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
}
