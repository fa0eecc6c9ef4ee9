import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { definitionsJar, loadDefinitions } from './definitions'
import { emitFiles } from './files'
import { checkInventory, expectedInventory, takeInventory } from './inventory'

const outputFolder = join('src', 'wire', 'generated')

/** Path and final text of every generated file. */
async function generate(): Promise<Map<string, string>> {
  const definitions = await loadDefinitions()
  checkInventory(takeInventory(definitions), expectedInventory)
  const source = `${definitionsJar.file} (sha256 ${definitionsJar.sha256})`
  const config = await resolveConfig(join(outputFolder, 'api-keys.ts'))
  const formatted = new Map<string, string>()
  for (const [file, text] of emitFiles(definitions, source)) {
    formatted.set(file, await format(text, { ...config, parser: 'typescript' }))
  }
  return formatted
}

async function write(files: ReadonlyMap<string, string>): Promise<void> {
  await rm(outputFolder, { recursive: true, force: true })
  for (const [file, text] of files) {
    const path = join(outputFolder, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  console.log(`${files.size} files written to ${outputFolder}`)
}

/** Files that differ from what would be generated, or that nobody generates. */
async function differences(files: ReadonlyMap<string, string>): Promise<string[]> {
  const entries = existsSync(outputFolder)
    ? await readdir(outputFolder, { recursive: true, withFileTypes: true })
    : []
  const present = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(outputFolder.length + 1))
  const different: string[] = []
  for (const file of new Set([...files.keys(), ...present])) {
    const expected = files.get(file)
    const actual = present.includes(file) ? await readFile(join(outputFolder, file), 'utf8') : undefined
    if (expected !== actual) different.push(file)
  }
  return different.sort()
}

async function main(): Promise<void> {
  const files = await generate()
  if (!process.argv.includes('--check')) return write(files)
  const different = await differences(files)
  if (different.length === 0) return console.log(`${files.size} generated files are up to date`)
  console.error(`These generated files are not what tools/generate writes:\n${different.join('\n')}`)
  process.exitCode = 1
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
