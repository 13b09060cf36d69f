import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const GZIP = [0x1f, 0x8b];
const NEWLINE = 0x0a;

/**
 * Hands each line of a gzipped text to `use`, one after the other; no more than one line and some kilobytes are
 * held. Throws when it cannot be unpacked to its end. Unpacked text is taken as well: some endpoints unpack on the way.
 */
export async function eachLine(body: Readable, use: (line: string) => Promise<void>): Promise<void> {
  const chunks = body[Symbol.asyncIterator]();
  const beginning = await atLeast(GZIP.length, chunks);
  if (beginning.length === 0) throw new Error('it is empty');
  const whole = Readable.from(again(beginning, chunks), { objectMode: false });
  const cut = (source: AsyncIterable<Buffer>) => linesOf(source, use);
  const isPacked = GZIP.every((byte, at) => beginning[at] === byte);
  await (isPacked ? pipeline(whole, createGunzip(), cut) : pipeline(whole, cut));
}

async function atLeast(bytes: number, chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let beginning: Buffer = Buffer.alloc(0);
  while (beginning.length < bytes) {
    const next = await chunks.next();
    if (next.done) break;
    beginning = Buffer.concat([beginning, next.value]);
  }
  return beginning;
}

async function* again(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function linesOf(source: AsyncIterable<Buffer>, use: (line: string) => Promise<void>): Promise<void> {
  /** The beginning of a line whose end has not come yet. */
  let parts: Buffer[] = [];
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      await use(Buffer.concat([...parts, chunk.subarray(from, end)]).toString());
      parts = [];
      from = end + 1;
    }
    if (from < chunk.length) parts.push(Buffer.from(chunk.subarray(from)));
  }
  if (parts.length > 0) await use(Buffer.concat(parts).toString());
}
