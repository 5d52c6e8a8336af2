/**
 * Route keys and which one a request takes.
 * Source: API Gateway Developer Guide, "Create routes for HTTP APIs", Routing API requests.
 */

export interface RouteMatch<T> {
  readonly route: T;
  /** Values of `{name}` and `{name+}`; absent when the route has none. */
  readonly pathParameters?: Readonly<Record<string, string>>;
}

export type FindRoute<T> = (method: string, path: string) => RouteMatch<T> | undefined;

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'greedy'; readonly name: string };

interface CompiledRoute<T> {
  readonly route: T;
  readonly method: string;
  readonly segments: readonly Segment[];
}

/**
 * @param routes keys such as `GET /v1/webhooks/{id}`, `ANY /x/{proxy+}` and `$default`.
 * @throws Error on a key that API Gateway would refuse, or one that stands twice.
 */
export function compileRoutes<T extends { readonly routeKey: string }>(routes: readonly T[]): FindRoute<T> {
  const fallback = routes.find((route) => route.routeKey === '$default');
  const compiled = routes
    .filter((route) => route.routeKey !== '$default')
    .map(compileRoute)
    .sort(bySpecificity);
  const keys = routes.map((route) => route.routeKey);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw new Error(`route ${twice} stands twice`);

  return (method, path) => {
    const parts = path.split('/').slice(1);
    for (const candidate of compiled) {
      if (candidate.method !== 'ANY' && candidate.method !== method) continue;
      const parameters = matchSegments(candidate.segments, parts);
      if (parameters === undefined) continue;
      const hasParameters = Object.keys(parameters).length > 0;
      return { route: candidate.route, ...(hasParameters && { pathParameters: parameters }) };
    }
    return fallback && { route: fallback };
  };
}

function compileRoute<T extends { readonly routeKey: string }>(route: T): CompiledRoute<T> {
  const [, method, path] = /^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY) (\/\S*)$/.exec(route.routeKey) ?? [];
  if (method === undefined || path === undefined) throw new Error(`route key ${route.routeKey} is malformed`);
  const segments = path.split('/').slice(1).map(compileSegment);
  if (segments.slice(0, -1).some((segment) => segment.kind === 'greedy')) {
    throw new Error(`route key ${route.routeKey}: a greedy variable must be at the end`);
  }
  return { route, method, segments };
}

function compileSegment(text: string): Segment {
  const [, name, plus] = /^\{([\w.:-]+)(\+?)\}$/.exec(text) ?? [];
  if (name === undefined) return { kind: 'literal', text };
  return { kind: plus === '+' ? 'greedy' : 'variable', name };
}

/** A variable takes no empty segment: `{proxy+}` does not match an empty tail, so both routes must be declared. */
function matchSegments(segments: readonly Segment[], parts: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (part === undefined) return undefined;
    if (segment.kind === 'literal') {
      if (segment.text !== part) return undefined;
    } else if (segment.kind === 'variable') {
      if (part === '') return undefined;
      parameters[segment.name] = part;
    } else {
      const tail = parts.slice(index).join('/');
      if (tail === '') return undefined;
      parameters[segment.name] = tail;
      return parameters;
    }
  }
  return segments.length === parts.length ? parameters : undefined;
}

const RANK = { literal: 0, variable: 1, greedy: 2 } as const;

/** Full matches before greedy ones; then segment by segment the more literal; then a named method before ANY. */
function bySpecificity<T>(left: CompiledRoute<T>, right: CompiledRoute<T>): number {
  const greedy = Number(left.segments.at(-1)?.kind === 'greedy') - Number(right.segments.at(-1)?.kind === 'greedy');
  if (greedy !== 0) return greedy;
  for (const [index, segment] of left.segments.entries()) {
    const other = right.segments[index];
    const difference = other === undefined ? 0 : RANK[segment.kind] - RANK[other.kind];
    if (difference !== 0) return difference;
  }
  if (left.segments.length !== right.segments.length) return right.segments.length - left.segments.length;
  return Number(left.method === 'ANY') - Number(right.method === 'ANY');
}
