import * as z from 'zod/mini'
import { zeroUuid } from '../wire/primitives/uuid'
import { nodeIdSchema } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'

/** A controller that votes, by its node and the directory of its metadata log: a new disk makes it another voter. */
export interface RaftVoter {
  readonly nodeId: number
  /** `directory.id` in the directory's `meta.properties`; `describeMetadataQuorum` tells those of a quorum. */
  readonly directoryId: string
}

/** Where the other controllers reach a voter. */
export interface RaftVoterEndpoint {
  /** One of the controllers' listeners, such as `CONTROLLER`. */
  readonly listener: string
  readonly host: string
  readonly port: number
}

/** A controller that shall vote. */
export interface NewRaftVoter extends RaftVoter {
  readonly endpoints: readonly RaftVoterEndpoint[]
}

export interface RaftVoterOptions extends AdminCallOptions {
  /** Refuses with INCONSISTENT_CLUSTER_ID on any other cluster. Default: whichever this one is. */
  readonly clusterId?: string
}

/** The options of `addRaftVoter` and `removeRaftVoter` as they are checked. */
export const raftVoterOptions = z.lazy(() =>
  z.strictObject({ ...callOptionFields, clusterId: z.optional(z.string().check(z.minLength(1))) }),
)

const voterFields = {
  nodeId: nodeIdSchema,
  directoryId: z.string().check(
    z.regex(/^[A-Za-z0-9_-]{22}$/, 'A directory id has 22 characters of base64url'),
    z.refine((id) => id !== zeroUuid, 'This is how Kafka writes that there is none'),
  ),
}

/** A voter as it is checked. */
export const raftVoterSchema = z.lazy(() => z.strictObject(voterFields))

/** A new voter as it is checked. */
export const newRaftVoterSchema = z.lazy(() =>
  z.strictObject({
    ...voterFields,
    endpoints: z
      .array(
        z.strictObject({
          listener: z
            .string()
            .check(z.regex(/^[^a-z]+$/, "A listener's name is in capitals, such as CONTROLLER")),
          host: z.string().check(z.minLength(1, 'A host must not be empty')),
          port: z.int().check(z.minimum(1), z.maximum(65_535)),
        }),
      )
      .check(z.minLength(1, 'A voter needs an endpoint')),
  }),
)
