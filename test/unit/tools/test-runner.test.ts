// Guards against tests that are skipped silently: what could not run must be shouted, and fail where CI asks for all. And
// against second attempts that hide a failure.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JestOutcome } from '../../../tools/support/jest-run'

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

describe('a second attempt', () => {
  const root = mkdtempSync(join(tmpdir(), 'typed-kafka-attempts-'))

  afterAll(() => rmSync(root, { recursive: true, force: true }))

  /** Passes from the time on that it was run so often. */
  const passesAt = (attempt: number) => `
    it('always passes', () => {})
    it('passes in attempt ${attempt}', () => {
      const fs = require('node:fs')
      fs.appendFileSync(__filename + '.attempts', '.')
      expect(fs.readFileSync(__filename + '.attempts').length).toBeGreaterThanOrEqual(${attempt})
    })`

  /** Runs a project of these files as the suites with other programs are run. */
  function attempt(files: Record<string, string>): { outcome: JestOutcome; said: string } {
    const folder = mkdtempSync(join(root, 'project-'))
    for (const [name, body] of Object.entries(files)) writeFileSync(join(folder, `${name}.test.js`), body)
    const result = join(folder, 'outcome.json')
    const program = join(folder, 'program.ts')
    const config = join(folder, 'jest.config.json')
    writeFileSync(config, '{}')
    writeFileSync(
      program,
      `import { writeFileSync } from 'node:fs'
      import { runJestWithSecondAttempt } from '${join(process.cwd(), 'tools/support/jest-run')}'
      const run = { workers: 2, args: ['--config', '${config}'], outputFile: '${folder}/results.json' }
      void runJestWithSecondAttempt(run).then((it) => writeFileSync('${result}', JSON.stringify(it)))`,
    )
    const tsx = join(process.cwd(), 'node_modules/tsx/dist/cli.mjs')
    const { stdout } = spawnSync(process.execPath, [tsx, program], { encoding: 'utf8' })
    return { outcome: JSON.parse(readFileSync(result, 'utf8')) as JestOutcome, said: stdout }
  }

  it('is given to a file that failed, is counted in its place, and is told', () => {
    const { outcome, said } = attempt({ steady: passesAt(1), shaky: passesAt(2) })
    expect(outcome).toMatchObject({ passed: 4, failed: 0, notRun: 0, succeeded: true })
    expect(outcome.passedSecondTime).toEqual([expect.stringMatching(/shaky\.test\.js$/)])
    expect(said).toMatch(/Failed, and now run once more.*:\n {2}\S+shaky\.test\.js/)
  })

  it('is the last one', () => {
    const { outcome } = attempt({ steady: passesAt(1), broken: passesAt(3) })
    expect(outcome).toMatchObject({ passed: 3, failed: 1, succeeded: false, passedSecondTime: [] })
  })

  it('is not given where many fail', () => {
    const { outcome } = attempt({ a: passesAt(2), b: passesAt(2), c: passesAt(2), d: passesAt(2) })
    expect(outcome).toMatchObject({ passed: 4, failed: 4, succeeded: false })
  })

  it('is given to a file that could not be loaded', () => {
    const { outcome } = attempt({ steady: passesAt(1), broken: 'throw new Error("not today")' })
    expect(outcome).toMatchObject({ passed: 2, failed: 1, succeeded: false })
  })
})
