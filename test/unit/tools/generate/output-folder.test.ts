// Guards against generated code that was edited by hand, or that nobody generates any more, going unseen.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { differences, writeFolder } from '../../../../tools/generate/output-folder'

const files = new Map([
  ['a.ts', 'one'],
  [join('client', 'b.ts'), 'two'],
])

describe('a folder of generated files', () => {
  let folder = ''

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'typed-kafka-')), 'generated')
  })

  afterEach(async () => {
    await rm(join(folder, '..'), { recursive: true, force: true })
  })

  it('differs in nothing once it was written', async () => {
    await writeFolder(folder, files)
    expect(await readFile(join(folder, 'client', 'b.ts'), 'utf8')).toBe('two')
    expect(await differences(folder, files)).toEqual([])
  })

  it('names files that were changed, removed or added', async () => {
    await writeFolder(folder, files)
    await writeFile(join(folder, 'a.ts'), 'edited')
    await rm(join(folder, 'client', 'b.ts'))
    await writeFile(join(folder, 'client', 'old.ts'), 'left over')
    expect(await differences(folder, files)).toEqual([
      'a.ts',
      join('client', 'b.ts'),
      join('client', 'old.ts'),
    ])
  })

  it('is all different while it does not exist', async () => {
    expect(await differences(folder, files)).toEqual(['a.ts', join('client', 'b.ts')])
  })

  it('loses what is not generated when it is written', async () => {
    await writeFolder(folder, new Map([['old.ts', 'left over']]))
    await writeFolder(folder, files)
    expect(await differences(folder, files)).toEqual([])
  })
})
