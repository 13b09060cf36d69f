import { AwsError } from '../../../../infra/local/aws/protocol.ts';
import type { ObjectStore } from '../../../../infra/local/aws/s3-objects.ts';

/** Longer than the SDK's own tries: the purge notices. */
const OUTAGE_MS = 8_000;
/** The numbers of writes after which the archive breaks. */
const BREAKS_AFTER = [1, 3, 12];

export type Outages = {
  refused(): number;
  /** Keys of what was stored, and said to have failed. */
  unconfirmed: ReadonlySet<string>;
};

/** The archive breaks for a while, again and again: each write fails, and every other one is stored all the same. */
export function breakNowAndThen(store: ObjectStore): Outages {
  const put = store.put.bind(store);
  const breaksAfter = [...BREAKS_AFTER];
  let written = 0;
  let refused = 0;
  let brokenUntilMs = 0;
  const unconfirmed = new Set<string>();
  store.put = (...given) => {
    const nowMs = Date.now();
    if (written === breaksAfter[0]) {
      breaksAfter.shift();
      brokenUntilMs = nowMs + OUTAGE_MS;
    }
    const [, key] = given;
    if (nowMs >= brokenUntilMs) {
      written++;
      unconfirmed.delete(key);
      return put(...given);
    }
    if (refused++ % 2 === 1) {
      put(...given);
      unconfirmed.add(key);
    }
    throw new AwsError(503, 'SlowDown', 'Please reduce your request rate.');
  };
  return { refused: () => refused, unconfirmed };
}
