import { StudioError } from './errors.ts';

/**
 * What may stand in a path. Checked before anything is sent, because a slash, a dot segment or a percent sign
 * would choose another resource. The patterns are those of Twilio's OpenAPI document.
 */
const PARTS = {
  flow: { pattern: /^FW[0-9a-fA-F]{32}$/, expected: 'a flow SID: FW and 32 hexadecimal digits' },
  execution: { pattern: /^FN[0-9a-fA-F]{32}$/, expected: 'an execution SID: FN and 32 hexadecimal digits' },
  step: { pattern: /^FT[0-9a-fA-F]{32}$/, expected: 'a step SID: FT and 32 hexadecimal digits' },
  revision: {
    pattern: /^(\d{1,9}|LatestPublished|LatestRevision)$/,
    expected: 'a revision number, LatestPublished or LatestRevision',
  },
};

type PathPart = keyof typeof PARTS;
export type PathParts = { [part in PathPart]?: string | number };

export function isSid(kind: 'flow' | 'execution' | 'step', value: unknown): boolean {
  return typeof value === 'string' && PARTS[kind].pattern.test(value);
}

/** Fills a template such as `/Flows/{flow}/Executions`. Throws `invalid-argument` for a wrong part. */
export function fillPath(operation: string, template: string, parts: PathParts): string {
  return template.replace(/\{(\w+)\}/g, (_, name: PathPart) => {
    const { pattern, expected } = PARTS[name];
    const value = String(parts[name] ?? '');
    // Does not repeat the value: it may be a phone number.
    if (!pattern.test(value))
      throw new StudioError('invalid-argument', `The ${name} must be ${expected}`, { operation });
    return value;
  });
}
