import { unregisterBrokerApi } from '../wire/generated/client/unregister-broker'
import { request, type AdminCall } from './admin-call'
import { nodeIdSchema, parseArgument } from './arguments'

/**
 * Kafka: `Admin.unregisterBroker`, API UnregisterBroker, to the controller. The controller forgets a broker that will
 * not come back.
 */
export async function unregisterBroker(call: AdminCall, nodeId: number): Promise<void> {
  const brokerId = parseArgument('unregisterBroker', 'nodeId', nodeIdSchema, nodeId)
  await request(
    call,
    { kind: 'controller' },
    unregisterBrokerApi,
    { brokerId },
    { errorOf: (answer) => answer },
  )
}
