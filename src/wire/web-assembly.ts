/** What is used of WebAssembly here; Node's types leave the values out. */
interface WebAssemblyApi {
  readonly Memory: new (limits: { initial: number }) => object & { readonly buffer: ArrayBuffer }
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
}

/** What such a module exports: functions of addresses and other numbers of 32 bits. */
export type WasmFunction = (...numbers: number[]) => number

/** A module with the memory that it works in. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, WasmFunction>>
  readonly memory: ArrayBuffer
}

const pageBytes = 65_536

/**
 * Makes an instance of a module that imports its memory as `env.memory`. Pages cost nothing before they are written to.
 * @returns undefined where WebAssembly is switched off
 */
export function instantiate(module: Uint8Array, memoryBytes: number): WasmInstance | undefined {
  const wasm = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly
  if (wasm === undefined) return undefined
  const memory = new wasm.Memory({ initial: Math.ceil(memoryBytes / pageBytes) })
  const { exports } = new wasm.Instance(new wasm.Module(module), { env: { memory } })
  return { exports: exports as WasmInstance['exports'], memory: memory.buffer }
}
