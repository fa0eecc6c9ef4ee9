import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Empties a folder and fills it with these files: path below it and text. */
export async function writeFolder(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  for (const [file, text] of files) {
    const path = join(folder, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
}

/** Files of a folder that differ from these, that are missing, or that are not among them; sorted. */
export async function differences(folder: string, files: ReadonlyMap<string, string>): Promise<string[]> {
  const entries = existsSync(folder) ? await readdir(folder, { recursive: true, withFileTypes: true }) : []
  const present = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  const different: string[] = []
  for (const file of new Set([...files.keys(), ...present])) {
    const expected = files.get(file)
    const actual = present.includes(file) ? await readFile(join(folder, file), 'utf8') : undefined
    if (expected !== actual) different.push(file)
  }
  return different.sort()
}
