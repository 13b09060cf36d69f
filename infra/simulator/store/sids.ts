import { mix32, unmix32 } from '../random.ts';

/**
 * SIDs that need no table: the first eight digits are a row's number through a keyed bijection, the other
 * twenty-four a hash of it that makes a guessed SID fail.
 */
export type SidPrefix = 'FN' | 'FT' | 'FC' | 'RQ' | 'FW' | 'US';

const DIGITS = Buffer.from('0123456789abcdef');
const WORD_DIGITS = 8;
/** Written over by each SID: a text that is put together of parts costs more once it is read. */
const scratch = Buffer.alloc(34);

function writeHex8(word: number, at: number): void {
  for (let index = WORD_DIGITS - 1, rest = word; index >= 0; index--, rest >>>= 4)
    scratch[at + index] = DIGITS[rest & 15] ?? 0;
}

/** The SID of row `index` (below 2^32); `salt` tells accounts and kinds of things apart. */
export function sidOf(prefix: SidPrefix, index: number, salt: number): string {
  const key = mix32(salt ^ (prefix.charCodeAt(0) * 256 + prefix.charCodeAt(1)));
  const first = mix32(index ^ key);
  const second = mix32(first + key);
  const third = mix32(second ^ index);
  const fourth = mix32(third + first);
  scratch[0] = prefix.charCodeAt(0);
  scratch[1] = prefix.charCodeAt(1);
  writeHex8(first, 2);
  writeHex8(second, 10);
  writeHex8(third, 18);
  writeHex8(fourth, 26);
  return scratch.toString('latin1');
}

/** The row whose SID this is, or undefined: inverts the bijection, then compares the whole. */
export function indexOf(prefix: SidPrefix, sid: string, salt: number): number | undefined {
  const key = mix32(salt ^ (prefix.charCodeAt(0) * 256 + prefix.charCodeAt(1)));
  const index = (unmix32(Number.parseInt(sid.slice(2, 10), 16)) ^ key) >>> 0;
  return sidOf(prefix, index, salt) === sid ? index : undefined;
}
