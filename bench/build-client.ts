import { build } from 'esbuild'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { compact } from '../tools/support/compact-output'
import type { Client } from './clients'

const folder = import.meta.dirname

/** Of what is built from our source: one module for Node. */
export const moduleOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  ...compact,
} as const

/** Bundles our client from its source, as the package's own build does, and returns where it lies. */
export async function buildClient(
  source = join(folder, '../src/index.ts'),
  outfile = join(folder, 'dist/typed-kafka.mjs'),
): Promise<string> {
  await build({ ...moduleOptions, entryPoints: [source], outfile, banner: { js: requireForEsm } })
  return pathToFileURL(outfile).href
}

/** Dependencies in CommonJS call `require` for what Node brings along. */
export const requireForEsm =
  "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);"

/** Bytes of a client with all it needs, minified. */
export interface BundleSize {
  readonly minified: number
  readonly gzipped: number
}

/** What an application that uses the client has to carry. Optional packages stay outside. */
export async function bundleSize(client: Client, names: string): Promise<BundleSize> {
  const from = client.package ?? join(folder, '../src/index.ts')
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from ${JSON.stringify(from)}`, resolveDir: folder },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['@node-rs/crc32', 'snappy', 'snappyjs', 'lz4*', '@mongodb-js/zstd', 'zstd-napi', 'protobufjs'],
    logLevel: 'silent',
  })
  const [bundle] = outputFiles
  if (bundle === undefined) throw new Error(`esbuild wrote no bundle of ${client.title}`)
  return { minified: bundle.contents.length, gzipped: gzipSync(bundle.contents, { level: 9 }).length }
}
