import type { Services } from '../contracts/services'
import type { Group, GroupRegistry } from '../contracts/group'
import { OffsetExpiration } from './offset-expiration'

/** All groups of a cluster. Tells them when their coordinator moves, and has their offsets expire. */
export class MemoryGroupRegistry implements GroupRegistry {
  readonly #services: Services
  readonly #groups = new Map<string, Group>()
  readonly #expiration: OffsetExpiration
  #isWatching = false

  constructor(services: Services) {
    this.#services = services
    this.#expiration = new OffsetExpiration(services)
  }

  get all(): Iterable<Group> {
    return this.#groups.values()
  }

  get(groupId: string): Group | undefined {
    return this.#groups.get(groupId)
  }

  add(group: Group): void {
    this.#watchCoordinators()
    this.#groups.set(group.groupId, group)
    this.#expiration.start()
  }

  remove(groupId: string): void {
    const group = this.#groups.get(groupId)
    this.#groups.delete(groupId)
    group?.close()
    if (this.#groups.size === 0) this.#expiration.stop()
  }

  replace(group: Group): void {
    const before = this.#groups.get(group.groupId)
    this.add(group)
    if (before !== group) before?.close()
  }

  /** Stops every timer of every group; the cluster ends. */
  close(): void {
    this.#expiration.stop()
    for (const group of this.#groups.values()) group.close()
    this.#groups.clear()
  }

  /** On first need only: in the constructor the other services do not stand yet. */
  #watchCoordinators(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    const { coordinators } = this.#services
    coordinators.watch((type, partition) => {
      if (type !== 'group') return
      for (const group of [...this.#groups.values()]) {
        if (coordinators.partitionOf('group', group.groupId) === partition) group.coordinatorMoved()
      }
    })
  }
}
