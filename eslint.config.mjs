import js from '@eslint/js'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import ts from 'typescript-eslint'
import { defineConfig, globalIgnores } from 'eslint/config'
import { layers } from './scripts/layers.mjs'

/** Each folder may import only what the table of layers allows. */
const layerRules = layers.map(({ folder, forbid }) => ({
  files: [`${folder}/**/*.{ts,vue}`],
  rules: { 'no-restricted-imports': ['error', { patterns: forbid.map(({ patterns, reason }) => ({ regex: patterns, message: reason })) }] },
}))

export default defineConfig(
  globalIgnores([
    'out*/**',
    'dist/**',
    'node_modules/**',
    'test-results/**',
    'src/backends/kernels/assembly/**',
    'src/backends/kernels/generated.ts',
  ]),
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  vue.configs['flat/recommended'],
  {
    languageOptions: {
      parserOptions: {
        parser: ts.parser,
        extraFileExtensions: ['.vue'],
        project: ['./tsconfig.pure.json', './tsconfig.node.json', './tsconfig.web.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/require-await': 'off', // async signatures promise a port, not an await
      '@typescript-eslint/unbound-method': 'off', // our objects are records of closures; nothing uses `this`
      'max-lines': ['error', { max: 350, skipBlankLines: false, skipComments: false }],
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off', // TypeScript says what is optional
      'vue/one-component-per-file': 'off',
    },
  },
  { files: ['src/renderer/**', 'src/preload/**'], languageOptions: { globals: globals.browser } },
  { files: ['src/main/**', 'src/backends/**', 'test/**', '*.ts', 'scripts/**', 'bin/**'], languageOptions: { globals: globals.node } },
  {
    files: ['src/engine/**', 'src/contract/**', 'src/figures/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Draw from a named stream (core/random).' },
        { object: 'Date', property: 'now', message: 'Time comes from the host (a clock in the dependencies).' },
      ],
    },
  },
  {
    files: ['src/**'],
    rules: {
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'Draw from a named stream (core/random).' }],
    },
  },
  ...layerRules,
  { files: ['**/*.vue'], rules: { 'no-undef': 'off' } },
  {
    // The linter cannot see the type of a `.vue` import from a `.ts` file.
    files: ['src/renderer/src/**/*.ts', 'test/unit/renderer/**', 'test/browser/**'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['test/**'], rules: { 'max-lines': ['error', { max: 500 }] } },
  { files: ['**/*.{mjs,cjs}'], extends: [ts.configs.disableTypeChecked] },
  { files: ['**/*.cjs'], languageOptions: { globals: globals.commonjs } },
  prettier,
)
