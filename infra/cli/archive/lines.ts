import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** The first byte of gzip. No line of JSON begins with it. */
const GZIP = 0x1f;

/**
 * Hands each line of a gzipped text to `use`, one after the other; one line and some kilobytes are held. Throws
 * when the text cannot be unpacked to its end. Unpacked text is taken too: some endpoints unpack it on the way.
 */
export async function eachLine(body: Readable, use: (line: string) => Promise<void>): Promise<void> {
  await once(body, 'readable');
  const beginning: Buffer | null = body.read();
  if (beginning === null) throw new Error('it is empty');
  body.unshift(beginning);
  const unpack = beginning[0] === GZIP ? createGunzip() : new PassThrough();
  await pipeline(body, unpack.setEncoding('utf8'), async (text: AsyncIterable<string>) => {
    let rest = '';
    for await (const chunk of text) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) await use(line);
    }
    if (rest !== '') await use(rest);
  });
}
