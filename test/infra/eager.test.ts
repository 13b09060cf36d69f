import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { markModules, withEagerModules } from '../../infra/eager.ts';

const inFile = (text: string) => ({ path: 'index.mjs', text });

describe('modules that are compiled at once', () => {
  it('stand in parentheses, and everything after them stays in its column for the source map', () => {
    const text =
      'var a=R((e,t)=>{"use strict";/*! begin */t.exports=1;/*! end */});var b=R(e=>{/*! begin */e.x=1;/*! end */});f()';
    const eager = withEagerModules(inFile(text));
    expect(eager.replaceAll(/ +/g, ' ')).toBe(
      'var a=R(((e,t)=>{"use strict"; t.exports=1;})) ;var b=R((e=>{ e.x=1;})) ;f()',
    );
    expect(eager.length).toBe(text.length);
    for (const part of ['t.exports=1', 'var b', 'e.x=1', ';f()'])
      expect(eager.indexOf(part)).toBe(text.indexOf(part));
  });

  it('are all found, or the build fails', () => {
    expect(() => withEagerModules(inFile('R(function(e,t){/*! begin */t.exports=1})'))).toThrow(
      /as expected/,
    );
    expect(() => withEagerModules(inFile('t.exports=1/*! end */'))).toThrow(/as expected/);
  });

  it('are all of undici’s that reach a bundle', async () => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: "export { Pool } from 'undici';", resolveDir: import.meta.dirname },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'node',
      legalComments: 'inline',
      metafile: true,
      write: false,
      outfile: 'index.mjs',
      plugins: [markModules],
    });
    const [file] = outputFiles;
    const [output] = Object.values(metafile.outputs);
    const modules = Object.keys(output?.inputs ?? {}).filter((path) =>
      path.includes('node_modules/undici/lib/'),
    );
    const eager = withEagerModules({ path: 'index.mjs', text: file?.text ?? '' });
    expect(modules.length).toBeGreaterThan(20);
    expect(eager.match(/\(\((?:\([\w$,]*\)|[\w$]+)=>\{(?:"use strict";)? {3,}/g)).toHaveLength(
      modules.length,
    );
  });
});
