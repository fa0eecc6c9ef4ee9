// Guards the first steps of a new user, who has nothing installed but Node: every example ends by itself, and well.
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)
const examples = readdirSync('examples').filter((name) => name.endsWith('.ts'))

const { KAFKA_BROKERS: _, ...env } = process.env

describe('the examples, on the broker inside their own process', () => {
  test.each(examples)(
    '%s ends by itself, without an error',
    async (name) => {
      const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', `examples/${name}`], {
        env: { ...env, NODE_OPTIONS: '' },
        timeout: 50_000,
      })
      expect(stdout).not.toBe('')
      expect(stderr).toBe('')
    },
    60_000,
  )
})
