/** The layers of DESIGN.md, in order: each may import only what stands before it. */
const layers = ['base', 'wire', 'serde', 'message', 'network', 'cluster', 'group', 'health']
/** They share all layers and nothing among themselves: what two of them need stands in a layer. */
const clients = ['producer', 'consumer', 'share', 'admin']
const composition = ['^src/kafka\\.ts$', '^src/index\\.ts$']

const folder = (name) => `^src/${name}/`

const layerRules = layers.map((layer, index) => ({
  name: `${layer}-imports-only-lower-layers`,
  severity: 'error',
  from: { path: folder(layer) },
  to: { path: '^src/', pathNot: layers.slice(0, index + 1).map(folder) },
}))

const clientRules = clients.map((client) => ({
  name: `${client}-imports-only-layers`,
  severity: 'error',
  from: { path: folder(client) },
  to: { path: '^src/', pathNot: [...layers, client].map(folder) },
}))

module.exports = {
  forbidden: [
    {
      name: 'no-cycles-between-files',
      comment: 'Two classes of one folder may name each other as types; what runs must have an order.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-cycles-between-folders',
      comment: 'Type imports count: two folders that need each other are one, or lack a third.',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
    ...layerRules,
    ...clientRules,
    {
      name: 'testing-shares-only-bytes-with-the-client',
      comment: 'The in-process broker checks the client, so it must not run the code under test.',
      severity: 'error',
      from: { path: folder('testing') },
      to: { path: '^src/', pathNot: ['base', 'wire', 'testing'].map(folder) },
    },
    {
      name: 'cli-uses-the-testing-face',
      severity: 'error',
      from: { path: folder('cli') },
      to: { path: '^src/', pathNot: ['base', 'testing', 'cli'].map(folder) },
    },
    {
      name: 'kafkajs-uses-the-public-surface',
      severity: 'error',
      from: { path: folder('kafkajs') },
      to: { path: '^src/', pathNot: [folder('kafkajs'), '^src/index\\.ts$'] },
    },
    {
      name: 'client-does-not-carry-the-broker-half',
      comment: 'Codecs of the broker side are for the in-process broker and for tests.',
      severity: 'error',
      from: { path: '^src/', pathNot: [folder('testing'), '^src/wire/generated/broker/'] },
      to: { path: '^src/wire/generated/broker/' },
    },
    {
      name: 'only-network-opens-sockets',
      comment: 'A type, such as the options of TLS, opens nothing.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['network', 'testing', 'cli'].map(folder) },
      to: {
        dependencyTypes: ['core'],
        dependencyTypesNot: ['type-only'],
        path: '^(node:)?(net|tls|dgram|dns|http|https|http2)$',
      },
    },
    {
      name: 'src-stands-alone',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|tools|examples|bench)/' },
    },
    {
      name: 'runtime-needs-three-packages',
      comment:
        'docs/dependencies.md says why these; accelerators are looked for at run time, never imported.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'npm-unknown'],
        pathNot: ['node_modules/(long|crc-32|zod)/', 'node_modules/@types/'],
      },
    },
    {
      name: 'unresolvable',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'only-the-composition-root-knows-the-clients',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$', pathNot: composition },
      to: { path: clients.map(folder) },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
}
