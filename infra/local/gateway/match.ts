export type RouteMatch = { routeKey: string; pathParameters: Record<string, string> };

export type Matcher = (method: string, path: string) => RouteMatch | null;

/**
 * Matches requests with route keys such as `GET /flows/{flow}`, as HTTP APIs do: a static segment goes before
 * a variable, and a variable stands for exactly one segment that is not empty.
 */
export function createMatcher(routeKeys: readonly string[]): Matcher {
  // Sorted, because `{` comes after every letter and digit, and so a variable after a static segment.
  const routes = routeKeys.toSorted().map((routeKey) => ({ routeKey, pattern: patternOf(routeKey) }));
  return (method, path) => {
    for (const { routeKey, pattern } of routes) {
      const found = pattern.exec(`${method} ${path}`);
      if (!found) continue;
      const parameters = Object.entries(found.groups ?? {}).map(([name, text]) => [name, decode(text)]);
      return { routeKey, pathParameters: Object.fromEntries(parameters) };
    }
    return null;
  };
}

function patternOf(routeKey: string): RegExp {
  const source = routeKey.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return new RegExp(`^${source}$`);
}

/** Decodes percent-encoded text. Text with an invalid encoding stays as it is. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
