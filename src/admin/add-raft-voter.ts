import type * as z from 'zod/mini'
import { addRaftVoterApi } from '../wire/generated/client/add-raft-voter'
import { request, requestTimeoutMs, type AdminCall } from './admin-call'
import { parseArgument } from './arguments'
import { newRaftVoterSchema, type NewRaftVoter, type raftVoterOptions } from './raft-voter'

/**
 * Kafka: `Admin.addRaftVoter` (KIP-853), API AddRaftVoter, to the controller. The answer comes when the voters have agreed;
 * the new one must run and follow them before it is added.
 */
export async function addRaftVoter(
  call: AdminCall,
  voter: NewRaftVoter,
  { clusterId }: z.output<typeof raftVoterOptions>,
): Promise<void> {
  const { nodeId, directoryId, endpoints } = parseArgument('addRaftVoter', 'voter', newRaftVoterSchema, voter)
  const body = {
    clusterId: clusterId ?? null,
    timeoutMs: requestTimeoutMs(call),
    voterId: nodeId,
    voterDirectoryId: directoryId,
    listeners: endpoints.map(({ listener, host, port }) => ({ name: listener, host, port })),
  }
  await request(call, { kind: 'controller' }, addRaftVoterApi, body, { errorOf: (answer) => answer })
}
