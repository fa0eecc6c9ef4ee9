/**
 * What costs most in the profiles that `run.ts --profile <folder>` and `--allocations <folder>` left:
 * `npx tsx bench/profile.ts <folder> [lines]`. Prints for each profile the functions by the time spent in themselves (or
 * by the bytes they allocated), with their part of all time that the program was busy, and where they stand in our source.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
  readonly columnNumber: number
}

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface HeapNode {
  readonly callFrame: CallFrame
  readonly selfSize: number
  readonly children: readonly HeapNode[]
}

const notBusy = new Set(['(idle)', '(root)'])

/** Microseconds of the program by place. */
function timesOf({ nodes, samples, timeDeltas }: CpuProfile): Map<string, number> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const times = new Map<string, number>()
  samples.forEach((id, i) => {
    const frame = frames.get(id)
    if (frame === undefined || notBusy.has(frame.functionName)) return
    const place = placeOf(frame)
    times.set(place, (times.get(place) ?? 0) + (timeDeltas[i] ?? 0))
  })
  return times
}

/** Bytes by place. */
function allocationsOf(head: HeapNode): Map<string, number> {
  const bytes = new Map<string, number>()
  const open = [head]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const place = placeOf(node.callFrame)
    bytes.set(place, (bytes.get(place) ?? 0) + node.selfSize)
    open.push(...node.children)
  }
  return bytes
}

function print(file: string, lines: number): void {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const isHeap = file.endsWith('.heapprofile')
  const shares = isHeap ? allocationsOf((content as { head: HeapNode }).head) : timesOf(content as CpuProfile)
  const all = [...shares.values()].reduce((sum, share) => sum + share, 0)
  const millions = (all / 1e6).toFixed(2)
  console.log(`\n${file}\n  ${isHeap ? `allocated ${millions} MB` : `busy for ${millions} s`}`)
  const sorted = [...shares].sort(([, a], [, b]) => b - a).slice(0, lines)
  for (const [place, share] of sorted)
    console.log(`  ${((100 * share) / all).toFixed(1).padStart(5)} %  ${place}`)
}

const maps = new Map<string, SourceMap | undefined>()

function placeOf({ functionName, url, lineNumber, columnNumber }: CallFrame): string {
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
      statSync(path).isDirectory() ? profilesIn(path) : /\.(cpu|heap)profile$/.test(path) ? [path] : [],
    )
}

const [folder, lines = '25'] = process.argv.slice(2)
if (folder === undefined) throw new Error('Usage: npx tsx bench/profile.ts <folder> [lines]')
for (const file of profilesIn(folder).sort()) print(file, Number(lines))
