// Builds the peers that bind librdkafka from the sources in their packages, against the Node on which the bench runs.
// Needs a C++ compiler, make, Python and some minutes. `npm run native` in bench/ calls it.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

const folder = import.meta.dirname
const nodeRoot = join(folder, '../node_modules/node24')
const headers = existsSync(nodeRoot) ? nodeRoot : dirname(dirname(process.execPath))
const node = join(headers, 'bin/node')
// Without it confluent's package fetches the sources of other libraries.
const linking = { CKJS_LINKING: 'dynamic' }
const environment = {
  ...process.env,
  ...linking,
  // For node-gyp what npm was configured with comes before its arguments.
  npm_config_nodedir: headers,
  PATH: `${dirname(node)}:${process.env.PATH}`,
}

function run(command, args, cwd) {
  execFileSync(command, args, { cwd, env: environment, stdio: 'inherit' })
}

// Their install scripts would look for binaries on the internet first.
run('npm', ['install', '--ignore-scripts', '--no-save'], folder)
const npmRoot = execFileSync('npm', ['root', '-g'], { env: process.env }).toString().trim()
const gyp = join(npmRoot, 'npm/node_modules/node-gyp/bin/node-gyp.js')
for (const name of ['@confluentinc/kafka-javascript', 'node-rdkafka']) {
  const root = join(folder, 'node_modules', name)
  run(node, [gyp, 'configure'], root)
  // One job: the binding's rules do not say that the library's header comes first.
  run('make', ['-C', 'build', 'BUILDTYPE=Release'], root)
  run(node, ['-e', `console.log('${name}', require('${name}').librdkafkaVersion)`], folder)
}
