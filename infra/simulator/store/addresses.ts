/**
 * Addresses as numbers. Made-up contacts cost nothing: contact n is +1555 and n in seven digits. Any other
 * text is kept once, under numbers above those.
 */
const MADE_UP = /^\+1555(\d{7})$/;
export const MADE_UP_ADDRESSES = 10_000_000;

export class Addresses {
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** The number of an address that was seen before, or of a made-up one. */
  find(address: string): number | undefined {
    const madeUp = MADE_UP.exec(address);
    return madeUp ? Number(madeUp[1]) : this.#numbers.get(address);
  }

  numberOf(address: string): number {
    const known = this.find(address);
    if (known !== undefined) return known;
    const number = MADE_UP_ADDRESSES + this.#texts.length;
    this.#texts.push(address);
    this.#numbers.set(address, number);
    return number;
  }

  addressOf(number: number): string {
    if (number < MADE_UP_ADDRESSES) return `+1555${String(number).padStart(7, '0')}`;
    return this.#texts[number - MADE_UP_ADDRESSES] ?? '';
  }
}
