import type { Options } from 'tsup'
import published from '../../../tsup.config'

const wanted = ['index', 'kafkajs']

/** The entries that the drop-in needs, put together as they are published; declarations and size do not count here. */
const configs = (published as Options[]).flatMap((options): Options[] => {
  const { entry = {} } = options
  const entries = Object.entries(entry).filter(([name]) => wanted.includes(name))
  if (entries.length === 0) return []
  return [
    {
      ...options,
      entry: Object.fromEntries(entries) as Record<string, string>,
      dts: false,
      treeshake: false,
    },
  ]
})

export default configs
