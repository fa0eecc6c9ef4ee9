import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { definitionsJar, loadDefinitions } from './definitions'
import { emitFiles } from './files'
import { differences, writeFolder } from './output-folder'
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

async function main(): Promise<void> {
  const files = await generate()
  if (!process.argv.includes('--check')) {
    await writeFolder(outputFolder, files)
    return console.log(`${files.size} files written to ${outputFolder}`)
  }
  const different = await differences(outputFolder, files)
  if (different.length === 0) return console.log(`${files.size} generated files are up to date`)
  console.error(`These generated files are not what tools/generate writes:\n${different.join('\n')}`)
  process.exitCode = 1
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
