/**
 * How many requests may be in flight at once.
 *
 * - Growing: until the first 429 the window grows by a quarter a round trip, from 8 to 500 in some 19, and is hardly
 *   more than a quarter too large when it meets the limit.
 * - Backing off: upstream refuses exactly those that are too many, so each 429 takes one off the window. After one
 *   round trip that has taken off what was too much and no more, whether the limit was overshot by one or fell from
 *   500 to 5. Halving instead would cost what halving gives up.
 * - Probing: when 429s have been earned (governor.ts), one more is tried, and twice as many with each further round
 *   that goes well.
 * - Where 429s go on although the window did not grow, and others began since the last one and passed, the
 *   window is not what they are about.
 */
export type Window = ReturnType<typeof createWindow>;

/** What a round that went well may add at most, as a share of the window. */
const MAX_STEP = 0.25;
/** 429s that the window does not explain, before it is believed: these, and this share of the window. */
const FEW = 4;
const SHARE = 0.125;

export function createWindow({ initial, max }: { initial: number; max: number }) {
  let window = Math.min(initial, max);
  const size = () => Math.max(1, Math.floor(window));

  let step = MAX_STEP * window;
  let roundStart = 1;
  let lastRefused = 0;
  let roundSize = size();
  /** What has stood a round. */
  let stood = 0;
  let hasPassed = false;
  let unexplained = 0;

  const maxStep = () => Math.max(1, MAX_STEP * window);

  return {
    get size() {
      return size();
    },
    /** Beyond what had stood. */
    get hasGrown() {
      return size() > stood;
    },
    seek: () => {
      step = maxStep();
    },
    /** What started as the so manieth was not refused. */
    pass: (startOrder: number, affordable: number) => {
      unexplained = Math.max(0, unexplained - affordable);
      if (startOrder > lastRefused) hasPassed = true;
    },
    /** It succeeded, and the window was full when it began. */
    grow: (startOrder: number, order: number, isEarned: boolean) => {
      window = Math.min(max, window + step / size());
      // A round has gone well when as many as fit into the window, begun after it did, have.
      if (startOrder < roundStart + size()) return;
      roundStart = order + 1;
      stood = roundSize;
      roundSize = size();
      if (step > 0) step = Math.min(step * 2, maxStep());
      else if (isEarned) step = 1;
    },
    /** One of those in flight was too many; `inFlight` no longer counts it. */
    shrink: (startOrder: number, order: number, inFlight: number): boolean => {
      if (startOrder > lastRefused && hasPassed && size() <= stood) unexplained += 1;
      lastRefused = order;
      hasPassed = false;
      window = Math.max(1, Math.min(size() - 1, inFlight));
      step = 0;
      stood = Math.min(stood, size());
      roundSize = size();
      roundStart = order + 1;
      if (unexplained <= FEW + SHARE * size()) return false;
      unexplained = 0;
      return true;
    },
  };
}
