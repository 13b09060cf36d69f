import { mix32, unmix32 } from '../random.ts';

/**
 * SIDs that need no table: the first eight digits are a row's number through a keyed bijection, the other
 * twenty-four a hash of it that makes a guessed SID fail.
 */
export type SidPrefix = 'FN' | 'FT' | 'FC' | 'RQ' | 'FW' | 'US';

const HEX = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, '0'));

function hex8(word: number): string {
  return `${HEX[word >>> 16]}${HEX[word & 0xffff]}`;
}

/** The SID of row `index` (below 2^32); `salt` tells accounts and kinds of things apart. */
export function sidOf(prefix: SidPrefix, index: number, salt: number): string {
  const key = mix32(salt ^ (prefix.charCodeAt(0) * 256 + prefix.charCodeAt(1)));
  const first = mix32(index ^ key);
  const second = mix32(first + key);
  const third = mix32(second ^ index);
  const fourth = mix32(third + first);
  return prefix + hex8(first) + hex8(second) + hex8(third) + hex8(fourth);
}

/** The row whose SID this is, or undefined: inverts the bijection, then compares the whole. */
export function indexOf(prefix: SidPrefix, sid: string, salt: number): number | undefined {
  const key = mix32(salt ^ (prefix.charCodeAt(0) * 256 + prefix.charCodeAt(1)));
  const index = (unmix32(Number.parseInt(sid.slice(2, 10), 16)) ^ key) >>> 0;
  return sidOf(prefix, index, salt) === sid ? index : undefined;
}
