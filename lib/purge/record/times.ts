/** Whole seconds in UTC, as Studio writes them. */
export function isoSecond(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** The same of a time as text; null if it is not a time. */
export function secondOf(time: string | null | undefined): string | null {
  const epochMs = Date.parse(time ?? '');
  return Number.isNaN(epochMs) ? null : isoSecond(epochMs);
}
