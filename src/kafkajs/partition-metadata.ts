/** A partition as the brokers describe it. */
export type PartitionMetadata = {
  partitionErrorCode: number
  partitionId: number
  /** Node id; -1 for none. */
  leader: number
  replicas: number[]
  isr: number[]
  offlineReplicas?: number[]
}
