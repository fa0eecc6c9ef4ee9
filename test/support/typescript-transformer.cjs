const { createHash } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { relative } = require('node:path')
const typescript = require('typescript')

/**
 * Compiles TypeScript for jest one file at a time, without a look at types: those are a step of their own. What it
 * writes does not depend on the version of Node, so all versions share what one of them has compiled.
 */
module.exports = {
  /** @param options `tsconfig`: the path of the compiler options. */
  createTransformer({ tsconfig }) {
    const compilerOptions = readCompilerOptions(tsconfig)
    const own = [
      typescript.version,
      JSON.stringify(compilerOptions),
      readFileSync(require.resolve('./typescript-transformer.cjs'), 'utf8'),
    ]
    return {
      getCacheKey(source, file, { config, instrument }) {
        const hash = createHash('sha256')
        for (const part of [...own, relative(config.rootDir, file), source, String(instrument)]) {
          hash.update(part).update('\0')
        }
        return hash.digest('hex')
      },
      process(source, file) {
        const { outputText, sourceMapText } = typescript.transpileModule(source, {
          fileName: file,
          compilerOptions,
        })
        return { code: outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'), map: sourceMapText }
      },
    }
  },
}

function readCompilerOptions(tsconfig) {
  const { config, error } = typescript.readConfigFile(tsconfig, typescript.sys.readFile)
  if (error !== undefined)
    throw new TypeError(typescript.flattenDiagnosticMessageText(error.messageText, '\n'))
  const { options } = typescript.parseJsonConfigFileContent(
    { ...config, include: [] },
    typescript.sys,
    process.cwd(),
  )
  // A file that is compiled alone needs neither: jest's moduleNameMapper stands for the paths.
  return { ...options, paths: undefined, noEmit: false }
}
