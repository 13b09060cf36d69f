import * as v from 'valibot';
import { LOCAL_ADMIN } from '../caller-tokens.ts';
import type { Clock } from '../clock.ts';
import type { Terminal } from './terminal.ts';
import { createThroughput } from './throughput.ts';

/** Keeps these requests out of the log of requests. */
export const PROGRESS_USER_AGENT = 'local-progress';
const POLL_MS = 500;
const SHOWN_PURGES = 5;
/** A purge that was just started may not be in the list yet. */
const EXTRA_POLLS = 6;
const WIDTH = 80;
const INDENT = '  ';

const page = v.object({
  purges: v.array(
    v.object({
      id: v.string(),
      status: v.string(),
      request: v.optional(v.object({ dryRun: v.optional(v.boolean()) })),
      counts: v.record(v.string(), v.number()),
    }),
  ),
});
type Purge = v.InferOutput<typeof page>['purges'][number];

/** Shows running purges in the terminal. */
export type PurgeProgress = {
  /** Polls from now on, until no purge runs. */
  watch(): void;
  close(): void;
};

export function createPurgeProgress(options: {
  url: string;
  terminal: Terminal;
  clock: Clock;
}): PurgeProgress {
  const { url, terminal, clock } = options;
  /** Purges whose end was printed. */
  const ended = new Set<string>();
  const throughputs = new Map<string, ReturnType<typeof createThroughput>>();
  let pollsLeft = 0;
  let cancel: (() => void) | null = null;

  const rateOf = ({ id, counts }: Purge): number | null => {
    const throughputAt = throughputs.get(id) ?? createThroughput({ fromStart: false });
    throughputs.set(id, throughputAt);
    const seen = throughputAt(counts['deleted'] || counts['ended'] || 0, null, clock.now());
    return seen && Math.round(seen.donePerSecond);
  };

  const look = async () => {
    const purges = await readPurges(url);
    const active = purges.filter(({ status }) => status === 'running');
    const [first] = active;
    terminal.status(first ? progressLine(first, rateOf(first), active.length - 1) : null);
    for (const purge of purges.toReversed()) {
      if (purge.status === 'running' || ended.has(purge.id)) continue;
      ended.add(purge.id);
      throughputs.delete(purge.id);
      terminal.line(endLine(purge));
    }
    pollsLeft = active.length > 0 ? EXTRA_POLLS : pollsLeft - 1;
    cancel = pollsLeft > 0 ? clock.after(POLL_MS, () => void look()) : null;
  };

  return {
    watch() {
      pollsLeft = EXTRA_POLLS;
      cancel ??= clock.after(POLL_MS, () => void look());
    },
    close() {
      cancel?.();
      terminal.status(null);
    },
  };
}

async function readPurges(url: string): Promise<Purge[]> {
  try {
    const response = await fetch(`${url}/purges?limit=${SHOWN_PURGES}`, {
      headers: { authorization: `Bearer ${LOCAL_ADMIN}`, 'user-agent': PROGRESS_USER_AGENT },
    });
    const answer = v.safeParse(page, await response.json());
    return answer.success ? answer.output.purges : [];
  } catch {
    // The local run is ending, or the secret is another one, without this caller.
    return [];
  }
}

/** A running purge on one line, with the end of its id. */
export function progressLine(purge: Purge, perSecond: number | null, others: number): string {
  const rate = perSecond ? `, ${perSecond.toLocaleString('en-US')}/s` : '';
  const more = others > 0 ? ` (and ${others} more)` : '';
  return `${INDENT}purge …${purge.id.slice(-6)} ${purge.status}: ${numbersOf(purge) ?? 'nothing matched yet'}${rate}${more}`;
}

/** An ended purge with its whole id, on two lines when one is too short. */
export function endLine(purge: Purge): string {
  const { id, status, request } = purge;
  const head = `${INDENT}purge ${id} ${status}${request?.dryRun ? ' (dry run)' : ''}:`;
  const numbers = numbersOf(purge) ?? 'nothing matched';
  const oneLine = `${head} ${numbers}`;
  return oneLine.length <= WIDTH ? oneLine : `${head}\n${INDENT}${INDENT}${numbers}`;
}

/** The counts that are not zero, but for `listed`. */
function numbersOf({ counts }: Purge): string | null {
  const numbers = Object.entries(counts)
    .filter(([name, count]) => count > 0 && name !== 'listed')
    .map(([name, count]) => `${name} ${count.toLocaleString('en-US')}`);
  return numbers.length > 0 ? numbers.join(', ') : null;
}
