import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const nodeScripts = ['**/*.mjs', '**/*.config.ts', '**/*.config.js', '*.config.base.ts', 'examples/*/public/**'];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/coverage/**',
      '**/.turbo/**',
      'examples/*/data/**',
      '**/fixtures/**',
      '**/template/**',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // isolatedDeclarations wants the types spelled out where these rules would remove them.
      '@typescript-eslint/no-inferrable-types': 'off',
      '@typescript-eslint/consistent-generic-constructors': 'off',
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // Index access into typed arrays on hot paths is proven in range by the loop around it.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      // An interface may promise a Promise that this implementation keeps without waiting.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    // A core entry runs in browsers and edge runtimes: only node/, diagnostics/, adapters, tools and tests may name node modules.
    files: ['packages/*/src/**/*.ts'],
    ignores: [
      'packages/*/src/node/**',
      'packages/*/src/bin/**',
      'packages/*/src/diagnostics/**',
      'packages/*/src/adapters/**',
      'packages/*/src/testing/**',
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*'], message: 'Core code runs without Node.' }] },
      ],
    },
  },
  {
    files: ['**/test/**', '**/bench/**', '**/e2e/**'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: nodeScripts,
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      parserOptions: { projectService: false },
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        document: 'readonly',
        window: 'readonly',
        fetch: 'readonly',
        EventSource: 'readonly',
        performance: 'readonly',
        location: 'readonly',
        localStorage: 'readonly',
        matchMedia: 'readonly',
        requestAnimationFrame: 'readonly',
        AbortController: 'readonly',
        URLSearchParams: 'readonly',
        Buffer: 'readonly',
        HTMLElement: 'readonly',
        ResizeObserver: 'readonly',
        navigator: 'readonly',
        crypto: 'readonly',
        getComputedStyle: 'readonly',
        cancelAnimationFrame: 'readonly',
        structuredClone: 'readonly',
        AbortSignal: 'readonly',
        queueMicrotask: 'readonly',
      },
    },
  },
);
