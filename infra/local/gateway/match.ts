/**
 * Which route a request takes, as API Gateway's HTTP APIs decide: a static segment goes before a variable
 * one, segment by segment; a variable stands for exactly one segment that is not empty.
 */

export type RouteMatch = { routeKey: string; pathParameters: Record<string, string> };

export type Matcher = (method: string, path: string) => RouteMatch | null;

/** `routeKeys` as in `GET /flows/{flow}`. */
export function createMatcher(routeKeys: readonly string[]): Matcher {
  const routes = routeKeys.map((routeKey) => {
    const [method = '', template = ''] = routeKey.split(' ');
    return { routeKey, method, segments: segmentsOf(template) };
  });
  return (method, path) => {
    const wanted = segmentsOf(path);
    const matching = routes
      .filter((route) => route.method === method && fits(route.segments, wanted))
      .toSorted((a, b) => moreStatic(a.segments, b.segments));
    const [best] = matching;
    if (!best) return null;
    return { routeKey: best.routeKey, pathParameters: parametersOf(best.segments, wanted) };
  };
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

function isVariable(segment: string): boolean {
  return segment.startsWith('{');
}

function fits(template: string[], path: string[]): boolean {
  return (
    template.length === path.length &&
    template.every((segment, at) => (isVariable(segment) ? path[at] !== '' : segment === path[at]))
  );
}

function moreStatic(a: string[], b: string[]): number {
  const at = a.findIndex((segment, index) => isVariable(segment) !== isVariable(b[index] ?? ''));
  if (at < 0) return 0;
  return isVariable(a[at] ?? '') ? 1 : -1;
}

function parametersOf(template: string[], path: string[]): Record<string, string> {
  const variables = template.flatMap((segment, at) =>
    isVariable(segment) ? [[segment.slice(1, -1), decode(path[at] ?? '')] as const] : [],
  );
  return Object.fromEntries(variables);
}

/** What is no valid encoding stays as it is. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
