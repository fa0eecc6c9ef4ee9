import type * as z from 'zod/mini'
import { removeRaftVoterApi } from '../wire/generated/client/remove-raft-voter'
import { request, type AdminCall } from './admin-call'
import { parseArgument } from './arguments'
import { raftVoterSchema, type RaftVoter, type raftVoterOptions } from './raft-voter'

/** Kafka: `Admin.removeRaftVoter` (KIP-853), API RemoveRaftVoter, to the controller. */
export async function removeRaftVoter(
  call: AdminCall,
  voter: RaftVoter,
  { clusterId }: z.output<typeof raftVoterOptions>,
): Promise<void> {
  const { nodeId, directoryId } = parseArgument('removeRaftVoter', 'voter', raftVoterSchema, voter)
  const body = { clusterId: clusterId ?? null, voterId: nodeId, voterDirectoryId: directoryId }
  await request(call, { kind: 'controller' }, removeRaftVoterApi, body, { errorOf: (answer) => answer })
}
