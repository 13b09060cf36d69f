/** The one name that callers cannot use among their own parameters. */
export const CORRELATION_PARAMETER = 'studioExecutionsCorrelation';

/** The two paths under which Studio shows an execution's parameters in its context. */
const PARAMETER_PATHS = [
  ['flow', 'data'],
  ['trigger', 'request', 'parameters'],
] as const;

export function withCorrelation(
  parameters: Record<string, unknown> | undefined,
  correlation: string | null,
): Record<string, unknown> | undefined {
  return correlation === null ? parameters : { ...parameters, [CORRELATION_PARAMETER]: correlation };
}

/**
 * Returns `ours` if the context has the correlation value, `other` if it has parameters or a trigger without
 * it, and `unknown` if it is empty or cannot be read.
 */
export function ownershipOf(context: unknown, correlation: string): 'ours' | 'other' | 'unknown' {
  const root = parsed(context);
  if (!isObject(root)) return 'unknown';
  const holders = PARAMETER_PATHS.map((path) => at(root, path)).filter(isObject);
  if (holders.some((holder) => holder[CORRELATION_PARAMETER] === correlation)) return 'ours';
  return holders.length > 0 || isObject(parsed(root['trigger'])) ? 'other' : 'unknown';
}

function at(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((holder, key) => (isObject(holder) ? parsed(holder[key]) : undefined), root);
}

/** Contexts, and what lies in them, come as objects or as JSON strings. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !JSON.isRawJSON(value);
}
