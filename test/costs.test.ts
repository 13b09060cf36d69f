import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** The README's table of costs is arithmetic, and adds up: for 512 MB in one column, for 1,024 MB in the other. */

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const section = readme.split('\n## Cost\n')[1]?.split('\n## ')[0] ?? '';
const GIGABYTES = [0.5, 1];
const MILLION = 1_000_000;

const dollarsIn = (text: string) => [...text.matchAll(/\$(\d+\.\d+)/g)].map(([, amount]) => Number(amount));

/** The row that begins so: what it says it is made of, and the two amounts. */
function row(beginning: string): { label: string; amounts: number[] } {
  const line = section.split('\n').find((one) => one.startsWith(`| ${beginning}`)) ?? '';
  const [label = '', ...cells] = line.slice(2).split(' | ');
  return { label, amounts: dollarsIn(cells.join(' ')) };
}

const sum = (amounts: number[]) => amounts.reduce((total, one) => total + one, 0);

describe('the costs in the README', () => {
  const lambda = row('1,000,000 triggers');
  const besides = row('…');

  it('of a million triggers are what Lambda takes for their time and number, and what the others take', () => {
    const [seconds = 0] = [...(/(\d\.\d+) s × memory/.exec(lambda.label)?.slice(1) ?? [])].map(Number);
    const [perGigabyteSecond = 0, requests = 0] = dollarsIn(lambda.label);
    const [answerMs = 0, ownMs = 0] =
      /here (\d+) ms, and (\d+) ms of its own/.exec(section)?.slice(1).map(Number) ?? [];
    expect(seconds).toBe((answerMs + ownMs) / 1_000);
    const expected = GIGABYTES.map((memory) => seconds * memory * perGigabyteSecond * MILLION + requests);
    expect(lambda.amounts).toEqual(expected.map((amount) => Number(amount.toFixed(2))));
    for (const amount of besides.amounts) expect(amount).toBeCloseTo(sum(dollarsIn(besides.label)), 2);
    const totals = row('**1,000,000 triggers**').amounts;
    expect(totals).toHaveLength(2);
    for (const [at, total] of totals.entries())
      expect(total).toBeCloseTo((lambda.amounts[at] ?? 0) + (besides.amounts[at] ?? 0), 2);
  });

  it('of a month of nothing are those of what is there', () => {
    const { label, amounts } = row('**A month of nothing**');
    const there = dollarsIn(label.replace(/< \$\S+/, ''));
    expect(there.length).toBeGreaterThan(2);
    expect(amounts).toHaveLength(2);
    for (const amount of amounts) expect(amount).toBeCloseTo(sum(there), 2);
  });
});
