import type { Deadline } from '../base/deadline'
import { ErrorCode } from '../base/error-codes'
import type {
  FindCoordinatorRequest,
  FindCoordinatorResponse,
} from '../wire/generated/client/find-coordinator'
import type { CoordinatorType, ResponseError } from './cluster'
import type { BrokerMetadata } from './metadata'

/** What a lookup found. */
export interface FoundCoordinator extends ResponseError {
  readonly node: BrokerMetadata
}

/** Looks a coordinator up, trying again until the deadline. */
export type CoordinatorLookup = (
  type: CoordinatorType,
  key: string,
  deadline: Deadline,
) => Promise<BrokerMetadata>

/** The coordinators of groups and transactions that are known. Only the router changes it. */
export class Coordinators {
  readonly #lookup: CoordinatorLookup
  readonly #known = new Map<string, number>()

  constructor(lookup: CoordinatorLookup) {
    this.#lookup = lookup
  }

  async find(type: CoordinatorType, key: string, deadline: Deadline): Promise<number> {
    const name = cacheKey(type, key)
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const node = await this.#lookup(type, key, deadline)
    this.#known.set(name, node.nodeId)
    return node.nodeId
  }

  forget(type: CoordinatorType, key: string): void {
    this.#known.delete(cacheKey(type, key))
  }

  clear(): void {
    this.#known.clear()
  }
}

function cacheKey(type: CoordinatorType, key: string): string {
  return `${type}:${key}`
}

/** The request for one key, in the layout of the version: one key up to 3, a list of keys from 4 on. */
export function findCoordinatorRequest(
  type: CoordinatorType,
  key: string,
): (version: number) => FindCoordinatorRequest {
  const keyType = type === 'group' ? 0 : 1
  return (version) => {
    if (version >= 4) return { keyType, coordinatorKeys: [key] }
    return version >= 1 ? { key, keyType } : { key }
  }
}

/** What a response says of one key, whatever its layout. */
export function readCoordinator(response: FindCoordinatorResponse, key: string): FoundCoordinator {
  const listed = response.coordinators.find((coordinator) => coordinator.key === key)
  if (response.coordinators.length > 0 && listed === undefined) {
    return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, node: noBroker }
  }
  const { nodeId, host, port, errorCode, errorMessage } = listed ?? response
  return { errorCode, errorMessage, node: { nodeId, host, port, rack: null } }
}

const noBroker: BrokerMetadata = { nodeId: -1, host: '', port: -1, rack: null }
