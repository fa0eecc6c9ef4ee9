// Guards against tests that are skipped silently: what could not run must be shouted, and fail where CI asks for all.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A project of its own with one suite, so that no broker is needed to test what happens without one. */
function runSuite(
  body: string,
  environment: Record<string, string>,
): { code: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'typed-kafka-runner-'))
  try {
    mkdirSync(join(folder, 'test'))
    writeFileSync(join(folder, 'test', 'a.test.js'), body)
    const reporters = ['default', join(process.cwd(), 'test/support/not-run-reporter.cjs')]
    writeFileSync(join(folder, 'jest.config.cjs'), `module.exports = ${JSON.stringify({ reporters })}`)
    const jest = join(process.cwd(), 'node_modules/jest/bin/jest.js')
    const { status, stdout, stderr } = spawnSync(process.execPath, [jest, '--rootDir', folder], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', CI: 'false', ...environment },
    })
    return { code: status, output: stdout + stderr }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const notRun = `
  it('passes', () => {})
  describe.skip('NOT RUN (install something): talks to a broker', () => {
    it('sends', () => {})
    it('receives', () => {})
  })`

describe('the report of what did not run', () => {
  it('names the suite, how many tests it has and what to install, and lets a developer pass', () => {
    const { code, output } = runSuite(notRun, {})
    expect(output).toContain('NOT RUN. To run them: install something')
    expect(output).toContain('- talks to a broker [2 tests]')
    expect(code).toBe(0)
  })

  it('fails the same run with CI=true', () => {
    const { code, output } = runSuite(notRun, { CI: 'true' })
    expect(output).toContain('with CI=true every suite has to run')
    expect(code).toBe(1)
  })

  it('lists any other skipped test', () => {
    const { output } = runSuite(`it('passes', () => {}); it.skip('is left for later', () => {})`, {})
    expect(output).toMatch(/These tests were skipped:\s+- is left for later/)
  })
})
