/**
 * What costs most in the CPU profiles that `run.ts --profile <folder>` left: `npx tsx bench/profile.ts <folder> [lines]`.
 * Prints for each profile the functions by the time spent in themselves, with their part of all time that the program
 * was busy, and where they stand in our source.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface ProfileNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    readonly lineNumber: number
    readonly columnNumber: number
  }
}

interface Profile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const notBusy = new Set(['(idle)', '(root)'])

function summarize(file: string, lines: number): void {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile
  const nodesById = new Map(nodes.map((node) => [node.id, node]))
  const times = new Map<string, number>()
  let busy = 0
  samples.forEach((id, i) => {
    const node = nodesById.get(id)
    if (node === undefined || notBusy.has(node.callFrame.functionName)) return
    const place = placeOf(node)
    const micros = timeDeltas[i] ?? 0
    times.set(place, (times.get(place) ?? 0) + micros)
    busy += micros
  })
  console.log(`\n${file}\n  busy for ${(busy / 1e6).toFixed(2)} s`)
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, lines)
  for (const [place, micros] of sorted) {
    console.log(`  ${((100 * micros) / busy).toFixed(1).padStart(5)} %  ${place}`)
  }
}

const maps = new Map<string, SourceMap | undefined>()

function placeOf({ callFrame }: ProfileNode): string {
  const { functionName, url, lineNumber, columnNumber } = callFrame
  const name = functionName === '' ? '(anonymous)' : functionName
  const original = sourceMapOf(url)?.findEntry(lineNumber, columnNumber)
  if (original !== undefined && 'originalSource' in original) {
    return `${name}  ${original.originalSource.replace(/^.*?(src|node_modules)\//, '$1/')}:${original.originalLine + 1}`
  }
  return url === ''
    ? name
    : `${name}  ${url.replace(/^.*?\/(bench|node_modules)\//, '$1/')}:${lineNumber + 1}`
}

function sourceMapOf(url: string): SourceMap | undefined {
  if (!url.startsWith('file:')) return undefined
  if (!maps.has(url)) maps.set(url, readMap(`${fileURLToPath(url)}.map`))
  return maps.get(url)
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as ConstructorParameters<typeof SourceMap>[0])
  } catch {
    return undefined
  }
}

function profilesIn(folder: string): string[] {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .flatMap((path) =>
      statSync(path).isDirectory() ? profilesIn(path) : path.endsWith('.cpuprofile') ? [path] : [],
    )
}

const [folder, lines = '25'] = process.argv.slice(2)
if (folder === undefined) throw new Error('Usage: npx tsx bench/profile.ts <folder> [lines]')
for (const file of profilesIn(folder).sort()) summarize(file, Number(lines))
