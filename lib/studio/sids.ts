import { StudioError } from './errors.ts';

/**
 * What may stand in a path. Checked before anything is sent: a slash, a dot segment or a percent sign in a
 * SID would otherwise choose another resource, or another API. Twilio's OpenAPI document has the patterns.
 */
const PARTS = {
  flow: [/^FW[0-9a-fA-F]{32}$/, 'a flow SID: FW and 32 hexadecimal digits'],
  execution: [/^FN[0-9a-fA-F]{32}$/, 'an execution SID: FN and 32 hexadecimal digits'],
  step: [/^FT[0-9a-fA-F]{32}$/, 'a step SID: FT and 32 hexadecimal digits'],
  revision: [
    /^(\d{1,9}|LatestPublished|LatestRevision)$/,
    'a revision number, LatestPublished or LatestRevision',
  ],
} as const satisfies Record<string, readonly [RegExp, string]>;

export type PathPart = keyof typeof PARTS;
export type PathParts = { [part in PathPart]?: string | number };

export function isSid(kind: 'flow' | 'execution' | 'step', value: unknown): boolean {
  return typeof value === 'string' && PARTS[kind][0].test(value);
}

/** Fills a template such as `/Flows/{flow}/Executions`; throws `invalid-argument` before a wrong part gets in. */
export function fillPath(operation: string, template: string, parts: PathParts): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (!isPathPart(name)) throw new TypeError(`${operation}: no path part is called ${name}`);
    const [pattern, expected] = PARTS[name];
    const value = String(parts[name] ?? '');
    // Not repeating the value: what stands in the place of a SID may be somebody's number.
    if (!pattern.test(value))
      throw new StudioError('invalid-argument', `The ${name} must be ${expected}`, { operation });
    return encodeURIComponent(value);
  });
}

function isPathPart(name: string): name is PathPart {
  return Object.hasOwn(PARTS, name);
}
