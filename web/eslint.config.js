// SPDX-License-Identifier: Apache-2.0
/** The linter's rules: typescript-eslint's strict sets, and the limits of the style guide. */

import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'eslint.config.js'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      complexity: ['error', 10],
      eqeqeq: 'error',
      'max-lines': ['error', 250],
      'max-lines-per-function': ['error', 40],
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.tsx'],
    rules: { 'max-lines-per-function': ['error', 60] },
  },
  {
    files: ['**/*.test.ts'],
    rules: { complexity: 'off', 'max-lines-per-function': 'off' },
  },
)
