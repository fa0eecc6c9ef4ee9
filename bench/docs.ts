import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Results } from './results'
import { bundleTable, growthTable, inOrder, tableOf, toMarkdown } from './tables'
import type { Section } from './workloads'

const file = join(import.meta.dirname, '../docs/benchmarks.md')

/** Puts the tables between their markers in docs/benchmarks.md. */
export async function writeDocs(results: Results): Promise<void> {
  let text = await readFile(file, 'utf8')
  for (const section of ['produce', 'consume', 'latency', 'compression'] as const) {
    text = replace(text, section, sectionOf(results, section))
  }
  const size = toMarkdown(bundleTable(results))
  text = replace(text, 'start-up', `${sectionOf(results, 'start-up')}\n\nBundle of the client:\n\n${size}`)
  text = replace(text, 'growth', `${toMarkdown(growthTable(results))}\n\n${conditionsOf(results, 'growth')}`)
  await writeFile(file, text)
  console.log(`Wrote the tables of ${file}`)
}

function sectionOf(results: Results, section: Section): string {
  const tables = inOrder(results, section).map(
    ([workload, result]) => `**${workload.title}** (\`${workload.name}\`)\n\n${toMarkdown(tableOf(result))}`,
  )
  return [...tables, conditionsOf(results, section)].join('\n\n')
}

/** Where the figures come from; workloads may have been measured at different times. */
function conditionsOf(results: Results, section: Section): string {
  const loads = new Map<string, number[]>()
  for (const [, { conditions }] of inOrder(results, section)) {
    const { date, machine, node, broker, rounds, loadBefore, leftOut } = conditions
    const without = leftOut.map(({ client, why }) => `; without ${client}: ${why}`).join('')
    const times = rounds === 1 ? 'one round' : `${rounds} rounds`
    const line = `${times} on ${date.slice(0, 10)}, ${machine}, Node ${node}, ${broker}${without}`
    loads.set(line, [...(loads.get(line) ?? []), loadBefore])
  }
  const lines = [...loads].map(([line, load]) => `_Measured in ${line}${otherWork(Math.max(...load))}._`)
  return lines.length === 0 ? '_Not measured yet._' : lines.join('\n\n')
}

/** A machine that does other work gives figures to be taken with care, and says so. */
function otherWork(load: number): string {
  return load > 1
    ? `, while other work kept up to ${Math.round(load)} processes busy: absolute figures mean little`
    : ''
}

function replace(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no markers '${begin}' and '${end}'`)
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`
}
