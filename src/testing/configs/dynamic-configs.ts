/** What was set at run time, by resource: its type as Kafka numbers it, and its name. */
export class DynamicConfigs {
  readonly #byType = new Map<number, Map<string, ReadonlyMap<string, string>>>()

  /** The configs that were set for a resource; empty when there are none. */
  of(type: number, name: string): ReadonlyMap<string, string> {
    return this.#byType.get(type)?.get(name) ?? none
  }

  /** Names of the resources of a type that have something set, in the order in which they got it. */
  names(type: number): string[] {
    return [...(this.#byType.get(type)?.keys() ?? [])]
  }

  /** Replaces all that was set for a resource; an empty map forgets the resource. */
  replace(type: number, name: string, configs: ReadonlyMap<string, string>): void {
    const resources = this.#byType.get(type) ?? new Map<string, ReadonlyMap<string, string>>()
    if (configs.size === 0) resources.delete(name)
    else resources.set(name, new Map(configs))
    this.#byType.set(type, resources)
  }
}

const none: ReadonlyMap<string, string> = new Map()
