import { resolve } from 'node:path'
import { defineConfig, type Options } from 'tsup'
import { compact } from './tools/support/compact-output'

const common: Options = {
  target: 'node20',
  sourcemap: true,
  treeshake: true,
  splitting: false,
  // Small, CommonJS and needed by every program: files less to find, read and compile at start.
  noExternal: ['crc-32'],
  esbuildOptions: (options) => Object.assign(options, compact),
}

const indexFile = resolve('src/index')

/**
 * `kafkajs` is a layer over what `index` exports, and is built as one: it loads the package by its own name
 * instead of holding a second copy of the client. The other entries stand alone: importing one loads nothing of another.
 */
const overIndex: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'over-index',
  setup(build) {
    build.onResolve({ filter: /\/index$/ }, ({ path, resolveDir }) =>
      resolve(resolveDir, path) === indexFile ? { path: 'typed-kafka', external: true } : undefined,
    )
  },
}

const formats: Options = { format: ['esm', 'cjs'], dts: true }

export default defineConfig([
  { ...common, ...formats, entry: { index: 'src/index.ts', testing: 'src/testing/index.ts' } },
  { ...common, ...formats, entry: { kafkajs: 'src/kafkajs/index.ts' }, esbuildPlugins: [overIndex] },
  { ...common, entry: { cli: 'src/cli/main.ts' }, format: ['cjs'], sourcemap: false },
])
