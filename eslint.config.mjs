import eslint from '@eslint/js'
import prettier from 'eslint-config-prettier'
import tseslint from 'typescript-eslint'

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export by name: one name for one thing, everywhere.',
}
const noPlainError = {
  selector: 'NewExpression[callee.name=/^(Error|TypeError|RangeError)$/]',
  message: 'Use a class of src/base/errors.ts, with a stable code and what to do.',
}
const noDoubleCast = {
  selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
  message: 'A cast through unknown gives the types up: narrow the value, or change the contract.',
}

const typed = ['src/**/*.ts', 'test/**/*.ts', 'tools/**/*.ts', 'examples/**/*.ts', '*.ts']

export default tseslint.config(
  {
    ignores: [
      'dist',
      'coverage',
      'test/package/alias',
      'src/wire/generated',
      'tools/wasm/assembly',
      'bench',
      '.ci',
      '**/*.d.ts',
    ],
  },
  eslint.configs.recommended,
  {
    files: ['**/*.cjs', 'kafkajs/**/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { module: 'writable', exports: 'writable', require: 'readonly', process: 'readonly' },
    },
  },
  { files: ['**/*.mjs'], languageOptions: { globals: { process: 'readonly', console: 'readonly' } } },
  {
    files: typed,
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A class of invisible characters is meant when it is written in escapes.
      'no-misleading-character-class': ['error', { allowEscape: true }],
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', noDefaultExport],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'max-lines': ['error', { max: 500 }],
      'no-restricted-syntax': ['error', noDefaultExport, noPlainError, noDoubleCast],
    },
  },
  // The default logger writes to the console: that is its whole work.
  { files: ['src/base/logger.ts'], rules: { 'no-console': 'off' } },
  // These are called by tools that ask for a default export.
  {
    files: ['*.config.ts', 'test/drop-in/support/tsup.config.ts', 'test/{kafka,drop-in}/support/global-*.ts'],
    rules: { 'no-restricted-syntax': 'off', 'no-var': 'off' },
  },
  prettier,
)
