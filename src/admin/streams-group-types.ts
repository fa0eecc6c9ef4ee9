/** A part of a topology that is worked on by tasks of its own, one for each partition. */
export interface StreamsSubtopology {
  readonly subtopologyId: string
  /** Topics it reads that others write. */
  readonly sourceTopics: readonly string[]
  /** Topics through which it hands on to other subtopologies. */
  readonly repartitionSinkTopics: readonly string[]
  /** Topics that keep what its stores hold. */
  readonly stateChangelogTopics: readonly StreamsInternalTopic[]
  /** Topics through which other subtopologies hand on to it. */
  readonly repartitionSourceTopics: readonly StreamsInternalTopic[]
}

/** A topic that the group makes for itself. */
export interface StreamsInternalTopic {
  readonly name: string
  /** Null where the brokers decide. */
  readonly partitions: number | null
  /** Null where the brokers decide. */
  readonly replicationFactor: number | null
  readonly configs: Readonly<Record<string, string>>
}

/** What a streams group computes. */
export interface StreamsTopology {
  readonly epoch: number
  readonly subtopologies: readonly StreamsSubtopology[]
}

/** What a member works on: one subtopology for one partition of its topics. */
export interface StreamsTask {
  readonly subtopologyId: string
  readonly partition: number
}

/** How far a task has restored its stores. */
export interface StreamsTaskOffset extends StreamsTask {
  readonly offset: bigint
}

/** The tasks of a member by what it does with them. */
export interface StreamsAssignment {
  /** It processes these. */
  readonly active: readonly StreamsTask[]
  /** It keeps copies of the stores of these. */
  readonly standby: readonly StreamsTask[]
  /** It restores the stores of these, to process them afterwards. */
  readonly warmup: readonly StreamsTask[]
}

/** What is known of members of streams groups alone. */
export interface StreamsMember {
  /** The epoch of the topology it runs; the group's is another one while it is brought up to date. */
  readonly topologyEpoch: number
  /** The same for all members of one process. */
  readonly processId: string
  /** Where other members ask for what its stores hold; null when it does not answer. */
  readonly userEndpoint: { readonly host: string; readonly port: number } | null
  readonly clientTags: Readonly<Record<string, string>>
  readonly tasks: StreamsAssignment
  /** What it is to work on once the group has settled. */
  readonly targetTasks: StreamsAssignment
  readonly taskOffsets: readonly StreamsTaskOffset[]
  /** The ends of the topics that stores are restored from. */
  readonly taskEndOffsets: readonly StreamsTaskOffset[]
}
