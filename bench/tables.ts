import { figureFormats, type FigureFormat, type Spread } from './figures'
import type { ClientResult, Results, WorkloadResult } from './results'
import { type Section, type Workload, workloads } from './workloads'

/** Rows of text; the first is the head. */
export type Table = readonly (readonly string[])[]

/** One workload: a client a row, its figures in columns; the best of each column is marked. */
export function tableOf(result: WorkloadResult): Table {
  const clients = Object.values(result.clients)
  const shown = figureFormats.filter(({ name }) => clients.some((client) => client.figures?.[name]))
  const rows = clients.map((client) => [
    nameOf(client),
    ...(client.figures === undefined
      ? failureCells(client, shown)
      : shown.map((format) => cell(client.figures?.[format.name], format, best(clients, format)))),
  ])
  return [headOf(shown), ...rows]
}

/** Above figures; there may be none when everybody failed. */
function headOf(shown: readonly FigureFormat[]): string[] {
  return ['', ...(shown.length === 0 ? ['figures'] : shown.map(({ title }) => title))]
}

function nameOf({ title, version }: ClientResult): string {
  return version === undefined ? title : `${title} ${version}`
}

const longestFailure = 60

function failureCells({ failure = 'unknown' }: ClientResult, shown: readonly FigureFormat[]): string[] {
  const text = failure.length > longestFailure ? `${failure.slice(0, longestFailure)} …` : failure
  return [`failed: ${text.replaceAll('|', '/')}`, ...shown.slice(1).map(() => '')]
}

function cell(spread: Spread | undefined, format: FigureFormat, best: number): string {
  if (spread === undefined) return '–'
  const { median, min, max } = spread
  const text = format.format(median)
  const range = min === max ? '' : ` (${format.format(min)} – ${format.format(max)})`
  return median === best ? `**${text}**${range}` : `${text}${range}`
}

/** The best median of all clients; the socket alone is a limit and not a client. */
function best(clients: readonly ClientResult[], { name, better }: FigureFormat): number {
  const medians = clients
    .filter(({ title }) => title !== 'the socket alone')
    .map(({ figures }) => figures?.[name]?.median)
    .filter((median) => median !== undefined)
  return better === 'more' ? Math.max(...medians) : Math.min(...medians)
}

/** The same table with growing numbers in its rows: one client, several workloads. */
export function growthTable(results: Results): Table {
  const measured = inOrder(results, 'growth').map(([workload, result]): readonly [Workload, ClientResult] => [
    workload,
    Object.values(result.clients)[0] ?? { title: '' },
  ])
  const shown = figureFormats.filter(({ name }) => measured.some(([, { figures }]) => figures?.[name]))
  const rows = measured.map(([{ title }, client]) => [
    title,
    ...(client.figures === undefined
      ? failureCells(client, shown)
      : shown.map((format) => cell(client.figures?.[format.name], format, NaN))),
  ])
  return [headOf(shown), ...rows]
}

/** Size of each client with all it needs. */
export function bundleTable(results: Results): Table {
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1000).toLocaleString('en')} KB`
  const rows = Object.entries(results.bundles ?? {}).map(([title, { minified, gzipped }]) => [
    title,
    kilobytes(minified),
    kilobytes(gzipped),
  ])
  return [['', 'minified', 'minified, gzip'], ...rows]
}

/** The measured workloads of a section, in the order of the plan. */
export function inOrder(results: Results, section: Section): (readonly [Workload, WorkloadResult])[] {
  return workloads
    .filter((workload) => workload.section === section)
    .flatMap((workload) => {
      const result = results.workloads[workload.name]
      return result === undefined ? [] : [[workload, result] as const]
    })
}

/** As Markdown; the columns are aligned, as the formatter would. */
export function toMarkdown(table: Table): string {
  const widths = columnWidths(table)
  const line = (row: readonly string[]) => `| ${pad(row, widths).join(' | ')} |`
  const [head = [], ...rows] = table
  const rule = `| ${widths.map((width) => '-'.repeat(Math.max(3, width))).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

/** For a terminal. */
export function toText(table: Table): string {
  const plain = table.map((row) => row.map((text) => text.replaceAll('**', '')))
  const widths = columnWidths(plain)
  return plain.map((row) => `  ${pad(row, widths).join('  ')}`.trimEnd()).join('\n')
}

function columnWidths(table: Table): number[] {
  return (table[0] ?? []).map((_, column) => Math.max(3, ...table.map((row) => (row[column] ?? '').length)))
}

function pad(row: readonly string[], widths: readonly number[]): string[] {
  return widths.map((width, column) => (row[column] ?? '').padEnd(width))
}
