import type { AdminCall } from './admin-call'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { codes, runItems } from './item-runner'

/** What a broker answers while it loads what it coordinates. */
const retried = codes('COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'REQUEST_TIMED_OUT')

/** What one broker told. */
type OfBroker<Value> = Value & { readonly nodeId: number }

/**
 * Asks every broker for what it coordinates: the answer is complete only when all have told. When a broker leaves the
 * cluster meanwhile, what it coordinated moves to brokers that may have answered already: then all are asked again.
 * @param only asks these brokers instead; one that is not in the cluster fails
 */
export async function askAllBrokers<Value extends object>(
  call: AdminCall,
  ask: (nodeId: number) => Promise<Outcome<Value>>,
  only?: readonly number[],
): Promise<ItemResult<OfBroker<Value>, 'nodeId'>[]> {
  await call.cluster.metadata.refresh(call.deadline)
  if (only !== undefined) return new BrokerRound(call, ask).run([...new Set(only)])
  for (;;) {
    const round = new BrokerRound(call, ask)
    const results = await round.run()
    if (!round.brokerLeft) return results
  }
}

class BrokerRound<Value extends object> {
  /** True when a broker left the cluster before it answered. */
  brokerLeft = false
  readonly #call: AdminCall
  readonly #ask: (nodeId: number) => Promise<Outcome<Value>>

  constructor(call: AdminCall, ask: (nodeId: number) => Promise<Outcome<Value>>) {
    this.#call = call
    this.#ask = ask
  }

  async run(asked?: readonly number[]): Promise<ItemResult<OfBroker<Value>, 'nodeId'>[]> {
    const { metadata } = this.#call.cluster
    const nodeIds = asked ?? metadata.brokers().map(({ nodeId }) => nodeId)
    let isRetry = false
    const outcomes = await runItems<number, Value>(this.#call, nodeIds, {
      retried,
      plan: async (open) => {
        if (isRetry) await metadata.refresh(this.#call.deadline)
        isRetry = true
        return open.map((nodeId) => ({
          items: [nodeId],
          send: async () => new Map([[nodeId, await this.#ask(nodeId)]]),
        }))
      },
      giveUp: (nodeId) => this.#hasLeft(nodeId),
    })
    return itemResults(nodeIds, outcomes, (nodeId) => ({ nodeId })) as ItemResult<OfBroker<Value>, 'nodeId'>[]
  }

  #hasLeft(nodeId: number): boolean {
    const left = !this.#call.cluster.metadata.brokers().some((broker) => broker.nodeId === nodeId)
    if (left) this.brokerLeft = true
    return left
  }
}
