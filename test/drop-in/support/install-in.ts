import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Installs what a project's package.json names. */
export async function installIn(folder: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)('npm', ['install', ...args], { cwd: folder, timeout: 100_000 })
}
