import { readFile } from 'node:fs/promises';
import { builtinModules, createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Plugin } from 'esbuild';

const require = createRequire(import.meta.url);

/**
 * What the bundler leaves out, and why it is safe. The sources import only public names; what came out is
 * tried by starting every built bundle in a fresh process (test/functions/bundles.test.ts).
 */

/**
 * The part of undici that lib/studio/http/pool.ts uses: the pool and its `dispatch`. It is a file of its own beside each
 * bundle (build.ts), which a trigger's first create never reads: 10 ms with what it does when it is loaded.
 */
export const UNDICI = 'undici';
const undiciPool = `export { default as Pool } from './lib/dispatcher/pool';`;

/**
 * On paths that these bundles never take:
 * undici's fetch bodies (our bodies are strings), its parser without WebAssembly SIMD (every Lambda has it) and
 * HTTP/2 (Studio is spoken to in HTTP/1.1).
 */
const undiciNeverReached = /\/(web\/(fetch|webidl)\/?.*|llhttp-wasm\.js|client-h2\.js)$/;

/**
 * The SDK loads its event streams with `import()`, for operations that answer with one. None of ours does; but
 * what is imported so is never shaken, and takes half of the SDK with it, down to node:zlib: 11 ms.
 */
const eventStreams = `
  const leftOut = () => { throw new Error('event streams were left out of the bundle'); };
  export const resolveEventStreamSerdeConfig = (config) => config;
  export { leftOut as EventStreamSerde, leftOut as eventStreamSerdeProvider };
`;

/** A Lambda function has no ~/.aws, and each client looks for two files in it before its first call: 3 ms. */
const sharedConfigFiles = `
  export { CONFIG_PREFIX_SEPARATOR } from './constants';
  export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });
`;

/**
 * Of undici's tables of everything HTTP has, its parser reads two; of each SDK client's package.json, the client
 * reads its version. Together 13 KB less to parse, 1 ms. And it knows the names of a hundred headers by heart, in a
 * tree of 939 nodes: to spell those in lower case that come takes less than to plant it, 1 ms.
 */
const parserTables = (path: string) => {
  const { TYPE, ERROR } = require(path);
  return `exports.TYPE = ${JSON.stringify(TYPE)}; exports.ERROR = ${JSON.stringify(ERROR)};`;
};
const noHeadersByHeart = (path: string) => {
  const known = { ...require(path), wellknownHeaderNames: [], headerNameLowerCasedRecord: {} };
  return `module.exports = ${JSON.stringify(known)};
    Object.setPrototypeOf(module.exports.headerNameLowerCasedRecord, null);`;
};
const versionOnly = (path: string) => JSON.stringify({ version: require(path).version });

/**
 * Of the SDK, what runs only in settings that these bundles never have, 15 KB or 1 ms: lib/aws/clients.ts says
 * that retries are the standard ones, Lambda says what its region is, every Node of it has crypto, and no command
 * of ours asks DynamoDB for an endpoint (the cache is made, and never looked into).
 */
const sdkNeverReached: { filter: RegExp; contents: string }[] = [
  { filter: /\/util-retry\/AdaptiveRetryStrategy\.js$/, contents: leftOutClass('AdaptiveRetryStrategy') },
  { filter: /\/sha256\/Sha256Js\.js$/, contents: leftOutClass('Sha256Js') },
  {
    filter: /\/regionConfig\/getInstanceMetadataRegion\.js$/,
    contents: 'export const getInstanceMetadataRegion = async () => undefined;',
  },
  {
    filter: /\/endpoint-cache\/dist-es\/EndpointCache\.js$/,
    contents:
      'export class EndpointCache { getEndpoint() {} get() {} set() {} delete() {} has() { return false; } }',
  },
  {
    // Bodies are texts and bytes. To know the stream of a file if it met one, it has Node load those, 1 ms.
    filter: /\/util-body-length\/calculateBodyLength\.js$/,
    contents: 'export const calculateBodyLength = (body) => (body ? Buffer.byteLength(body) : 0);',
  },
  {
    // What is told to nobody is written out first, if there is somebody who takes it: 66 structures a cold start.
    filter: /\/smithy-client\/NoOpLogger\.js$/,
    contents: 'export class NoOpLogger { warn() {} error() {} }',
  },
];

function leftOutClass(name: string): string {
  return `export class ${name} { constructor() { throw new Error('${name} was left out of the bundle'); } }`;
}

/**
 * The errors of DynamoDB and Secrets Manager that our sources tell apart by class. The SDK has one for each of 47,
 * 13 KB and 2 ms; without it an error is the service's base exception, with the same name, message and status,
 * which is what retries and the log go by.
 */
export const ERRORS_TOLD_APART = ['ConditionalCheckFailedException'];
const errorsOf = /\/client-(dynamodb|secrets-manager)\/dist-es\/schemas\/schemas_0\.js$/;
const withoutOtherErrors = (schemas: string) =>
  schemas.replaceAll(/^n0_registry\.registerError\(\w+\$, (\w+)\);$/gm, (all, name: string) =>
    ERRORS_TOLD_APART.includes(name) ? all : '',
  );

/** undici asserts in a hundred places what always holds; node:assert, 2 ms, is there for when it does not. */
const assertion = `
  module.exports = (ok, message) => { if (!ok) process.getBuiltinModule('node:assert')(ok, message); };
`;

/**
 * Node's own modules, fetched without their ES module facade: making one reads every export, and those of
 * node:http load Node's internal copy of undici, which is some 25 ms of a cold start (measured with
 * `npm run bench -- cold`).
 */
const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));

/**
 * For an `import`, only the names that somebody uses: as CommonJS each module would be copied name by name, a
 * thousand in all, which is 2 ms.
 */
function builtinAsModule(path: string): string {
  const names = Object.keys(require(path)).filter(
    (name) => name !== 'default' && /^[a-z_$][\w$]*$/i.test(name),
  );
  return [
    `const all = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)});`,
    'export default all;',
    ...names.map(
      (name) => `const $${name} = /* @__PURE__ */ (() => all.${name})(); export { $${name} as ${name} };`,
    ),
  ].join('\n');
}

export const trim: Plugin = {
  name: 'trim',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ kind }) =>
      kind === 'dynamic-import'
        ? { path: `./${UNDICI}.mjs`, external: true }
        : { path: require.resolve('undici'), namespace: 'pool' },
    );
    onLoad({ filter: /.*/, namespace: 'pool' }, ({ path }) => ({
      contents: undiciPool,
      resolveDir: dirname(path),
      loader: 'js',
    }));
    onResolve({ filter: /^@smithy\/core\/event-streams$/ }, ({ path }) => ({
      path,
      namespace: 'event-streams',
    }));
    onLoad({ filter: /.*/, namespace: 'event-streams' }, () => ({ contents: eventStreams, loader: 'js' }));
    onLoad({ filter: /\/shared-ini-file-loader\/loadSharedConfigFiles\.js$/ }, ({ path }) => ({
      contents: sharedConfigFiles,
      resolveDir: dirname(path),
      loader: 'js',
    }));
    onLoad({ filter: /\/undici\/lib\/llhttp\/constants\.js$/ }, ({ path }) => ({
      contents: parserTables(path),
      loader: 'js',
    }));
    onLoad({ filter: /\/undici\/lib\/core\/constants\.js$/ }, ({ path }) => ({
      contents: noHeadersByHeart(path),
      loader: 'js',
    }));
    onLoad({ filter: /\/@aws-sdk\/client-[a-z0-9-]+\/package\.json$/ }, ({ path }) => ({
      contents: versionOnly(path),
      loader: 'json',
    }));
    onLoad({ filter: errorsOf }, async ({ path }) => ({
      contents: withoutOtherErrors(await readFile(path, 'utf8')),
      resolveDir: dirname(path),
      loader: 'js',
    }));
    for (const { filter, contents } of sdkNeverReached)
      onLoad({ filter }, () => ({ contents, loader: 'js' }));
    onResolve({ filter: /^node:assert$/ }, ({ path, importer }) =>
      /\/node_modules\/undici\//.test(importer) ? { path, namespace: 'assertion' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'assertion' }, () => ({ contents: assertion, loader: 'js' }));
    onResolve({ filter: undiciNeverReached }, ({ path, importer }) =>
      /\/node_modules\/undici\//.test(importer) ? { path, namespace: 'left-out' } : undefined,
    );
    onResolve({ filter: /^(node:)?[a-z_]+(\/[a-z]+)?$/ }, ({ path, kind }) =>
      builtins.has(path)
        ? { path, namespace: kind === 'import-statement' ? 'builtin-module' : 'builtin' }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'builtin-module' }, ({ path }) => ({
      contents: builtinAsModule(path),
      loader: 'js',
    }));
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
