import { Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eachLine } from '../../../../infra/cli/archive/objects.ts';

/** In pieces of so many bytes. */
function inPieces(bytes: Buffer, size: number): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  return Readable.from(pieces);
}

async function linesOf(body: Readable): Promise<string[]> {
  const lines: string[] = [];
  await eachLine(body, async (line) => void lines.push(line));
  return lines;
}

describe('the lines of an object', () => {
  it('are the same however it is cut into pieces, packed or not', async () => {
    const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (lines, size, packed) => {
          const text = Buffer.from(lines.map((one) => `${one}\n`).join(''));
          expect(await linesOf(inPieces(packed ? gzipSync(text) : text, size))).toEqual(
            lines.map((one) => Buffer.from(one).toString()),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('come one by one, from an object without an end', async () => {
    let made = 0;
    async function* endless() {
      for (;;) {
        made += 1;
        yield `${made} ${'x'.repeat(1_000)}\n`;
      }
    }
    let read = 0;
    const enough = new Error('enough');
    const reading = eachLine(Readable.from(endless()).pipe(createGzip()), async () => {
      read += 1;
      if (read === 20_000) throw enough;
    });
    await expect(reading).rejects.toBe(enough);
    // What was made and not read yet is what the buffers on the way hold.
    expect(made - read).toBeLessThan(50_000);
  });

  it('of one that was cut short end with an error, after those that are whole', async () => {
    const packed = gzipSync(Array.from({ length: 5_000 }, (_, at) => `${at} ${Math.sin(at)}\n`).join(''));
    const lines: string[] = [];
    const reading = eachLine(inPieces(packed.subarray(0, packed.length / 2), 1_000), async (line) => {
      lines.push(line);
    });
    await expect(reading).rejects.toThrow('unexpected end of file');
    expect(lines.length).toBeGreaterThan(100);
  });

  it('of an empty one are an error', async () => {
    await expect(linesOf(Readable.from([]))).rejects.toThrow('it is empty');
  });
});
