import { addRaftVoter } from './add-raft-voter'
import {
  alterReplicaLogDirs,
  describeReplica,
  type NewReplicaLogDir,
  type TopicPartitionReplica,
} from './alter-replica-log-dirs'
import { callOptionsSchema, type AdminCallOptions, type PartialResults } from './call-options'
import {
  describeCluster,
  describeClusterOptions,
  type ClusterDescription,
  type DescribeClusterOptions,
} from './describe-cluster'
import {
  describeLogDirs,
  describeLogDirsOptions,
  type BrokerLogDirs,
  type DescribeLogDirsOptions,
} from './describe-log-dirs'
import { describeMetadataQuorum, type QuorumDescription } from './describe-metadata-quorum'
import {
  describeFeatures,
  describeFeaturesOptions,
  updateFeatures,
  updateFeaturesOptions,
  type DescribeFeaturesOptions,
  type FeatureDescription,
  type FeatureUpdate,
  type UpdatedFeature,
  type UpdateFeaturesOptions,
} from './features'
import type { ItemResult } from './item-result'
import { raftVoterOptions, type NewRaftVoter, type RaftVoter, type RaftVoterOptions } from './raft-voter'
import { removeRaftVoter } from './remove-raft-voter'
import { SecurityAdmin } from './security-admin'
import { unregisterBroker } from './unregister-broker'

/** The cluster itself: its brokers, their disks, its controllers and features. */
export abstract class ClusterAdmin extends SecurityAdmin {
  /** The cluster's id, controller and brokers. */
  describeCluster(options?: DescribeClusterOptions): Promise<ClusterDescription> {
    return this.call('describeCluster', describeClusterOptions, options, describeCluster)
  }

  /** The directories of brokers, and the replicas in them. */
  describeLogDirs(
    options: DescribeLogDirsOptions & PartialResults,
  ): Promise<ItemResult<BrokerLogDirs, 'nodeId'>[]>
  describeLogDirs(options?: DescribeLogDirsOptions): Promise<BrokerLogDirs[]>
  describeLogDirs(options?: DescribeLogDirsOptions) {
    return this.items('describeLogDirs', describeLogDirsOptions, options, byNode, describeLogDirs)
  }

  /** Moves replicas to other directories of their brokers, which copy the data in the background. */
  alterReplicaLogDirs(
    replicas: readonly NewReplicaLogDir[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<TopicPartitionReplica, 'topic' | 'partition' | 'nodeId'>[]>
  alterReplicaLogDirs(
    replicas: readonly NewReplicaLogDir[],
    options?: AdminCallOptions,
  ): Promise<TopicPartitionReplica[]>
  alterReplicaLogDirs(replicas: readonly NewReplicaLogDir[], options?: AdminCallOptions) {
    return this.items('alterReplicaLogDirs', callOptionsSchema, options, describeReplica, (call) =>
      alterReplicaLogDirs(call, replicas),
    )
  }

  /** Makes the controller of a KRaft cluster forget a broker that is gone for good. Move its replicas first. */
  unregisterBroker(nodeId: number, options?: AdminCallOptions): Promise<void> {
    return this.call('unregisterBroker', callOptionsSchema, options, (call) => unregisterBroker(call, nodeId))
  }

  /** The controllers of a KRaft cluster, and how far they and the brokers are. */
  describeMetadataQuorum(options?: AdminCallOptions): Promise<QuorumDescription> {
    return this.call('describeMetadataQuorum', callOptionsSchema, options, describeMetadataQuorum)
  }

  /** Lets a controller vote that runs and follows the others; needs `kraft.version` 1 (Kafka 3.9). */
  addRaftVoter(voter: NewRaftVoter, options?: RaftVoterOptions): Promise<void> {
    return this.call('addRaftVoter', raftVoterOptions, options, (call, resolved) =>
      addRaftVoter(call, voter, resolved),
    )
  }

  /** Takes its vote from a controller; needs `kraft.version` 1 (Kafka 3.9). */
  removeRaftVoter(voter: RaftVoter, options?: RaftVoterOptions): Promise<void> {
    return this.call('removeRaftVoter', raftVoterOptions, options, (call, resolved) =>
      removeRaftVoter(call, voter, resolved),
    )
  }

  /** The features of the cluster: levels in use, and levels that brokers can do. */
  describeFeatures(options?: DescribeFeaturesOptions): Promise<FeatureDescription[]> {
    return this.call('describeFeatures', describeFeaturesOptions, options, describeFeatures)
  }

  /** Sets levels of features, such as `metadata.version` after an upgrade of all brokers. */
  updateFeatures(
    updates: readonly FeatureUpdate[],
    options: UpdateFeaturesOptions & PartialResults,
  ): Promise<ItemResult<UpdatedFeature, 'feature'>[]>
  updateFeatures(
    updates: readonly FeatureUpdate[],
    options?: UpdateFeaturesOptions,
  ): Promise<UpdatedFeature[]>
  updateFeatures(updates: readonly FeatureUpdate[], options?: UpdateFeaturesOptions) {
    return this.items('updateFeatures', updateFeaturesOptions, options, byFeature, (call, resolved) =>
      updateFeatures(call, updates, resolved),
    )
  }
}

function byNode({ nodeId }: { readonly nodeId: number }): string {
  return `broker ${nodeId}`
}

function byFeature({ feature }: { readonly feature: string }): string {
  return `feature '${feature}'`
}
