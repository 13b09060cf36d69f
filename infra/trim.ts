import { builtinModules, createRequire } from 'node:module';
import type { Plugin } from 'esbuild';

const require = createRequire(import.meta.url);

/**
 * What the bundler leaves out, and why it is safe. The sources import only public names; what came out is
 * tried by starting every built bundle in a fresh process (test/functions/bundles.test.ts).
 */

/** The part of undici that lib/studio/transport.ts uses: the pool, its `dispatch` and its connector. */
const undiciDispatcher = `
  exports.Pool = require('./lib/dispatcher/pool');
  exports.buildConnector = require('./lib/core/connect');
`;

/**
 * On paths that these bundles never take:
 * undici's fetch bodies (our bodies are strings), its parser without WebAssembly SIMD (every Lambda has it) and
 * HTTP/2 (Studio is spoken to in HTTP/1.1).
 */
const undiciNeverReached = /\/(web\/(fetch|webidl)\/?.*|llhttp-wasm\.js|client-h2\.js)$/;

/**
 * Node's own modules, fetched without their ES module facade: making one reads every export, and those of
 * node:http load Node's internal copy of undici, which is some 25 ms of a cold start (measured with
 * `npm run bench -- cold`).
 */
const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));

export const trim: Plugin = {
  name: 'trim',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: require.resolve('undici'), namespace: 'dispatcher' }));
    onLoad({ filter: /.*/, namespace: 'dispatcher' }, ({ path }) => ({
      contents: undiciDispatcher,
      resolveDir: path.slice(0, path.lastIndexOf('/')),
      loader: 'js',
    }));
    onResolve({ filter: undiciNeverReached }, ({ path, importer }) =>
      /\/node_modules\/undici\//.test(importer) ? { path, namespace: 'left-out' } : undefined,
    );
    onResolve({ filter: /^(node:)?[a-z_]+(\/[a-z]+)?$/ }, ({ path }) =>
      builtins.has(path) ? { path, namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      // Required eagerly in places, so that only a call may fail.
      contents: `module.exports = () => { throw new Error(${JSON.stringify(`${path} was left out of the bundle`)}); };`,
      loader: 'js',
    }));
  },
};
