// Guards that programs typed by KafkaJS's declarations compile unchanged against ours, and what is typed by either can
// stand for the other: strict, and with the declarations of libraries checked.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const compiler = require.resolve('typescript/bin/tsc')

test.each([
  ['types, name by name, and programs against KafkaJS', 'tsconfig.types.json'],
  ['programs against us', 'tsconfig.ours.json'],
  ['applications and the tests themselves against KafkaJS', 'tsconfig.json'],
  ['applications, and the packages they are made of, against us', 'tsconfig.applications.json'],
])(
  '1, 12: %s',
  (_, project) => {
    const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', join(__dirname, project)], {
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  },
  180_000,
)
