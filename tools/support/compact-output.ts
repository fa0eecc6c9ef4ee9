/**
 * How esbuild writes what is loaded by programs: most of the time that takes is spent on reading through the text, and
 * comments and blanks are a quarter of it. Names stay, so that stacks of errors can be read without a source map; so do
 * lines short enough to be shown.
 */
export const compact = { minifyWhitespace: true, minifySyntax: true, lineLimit: 160 } as const
