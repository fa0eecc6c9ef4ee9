import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder whose package.json names what KafkaJS's users have installed. */
export const dropInFolder = join(__dirname, '..')

/** Where those packages are. */
export const packagesFolder = join(dropInFolder, 'node_modules')

const mark = join(packagesFolder, '.installed-by-tests')

/**
 * Installs the packages of test/drop-in/package.json, if they are not there in the versions of the lock file. The only
 * place that does so; the first time needs a registry.
 */
export function installPackages(): void {
  const wanted = createHash('sha256')
    .update(readFileSync(join(dropInFolder, 'package-lock.json')))
    .digest('hex')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return
  try {
    execFileSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error'], {
      cwd: dropInFolder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 300_000,
    })
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string }
    throw new Error(
      `The packages that the drop-in is tested with could not be installed, so none of its tests can run. They need a ` +
        `registry of npm once; "npm ci" in test/drop-in says more. Other tests: npm run test:unit, npm run test:kafka.\n` +
        (stderr === '' ? message : stderr),
      { cause: error },
    )
  }
  writeFileSync(mark, wanted)
}
