import { defineConfig, type Options } from 'tsup'

const common: Options = { target: 'node20', sourcemap: true, treeshake: true, splitting: false }

// Each entry stands alone: importing one loads nothing of another.
export default defineConfig([
  {
    ...common,
    entry: { index: 'src/index.ts', kafkajs: 'src/kafkajs/index.ts', testing: 'src/testing/index.ts' },
    format: ['esm', 'cjs'],
    dts: true,
  },
  { ...common, entry: { cli: 'src/cli/main.ts' }, format: ['cjs'], sourcemap: false },
])
