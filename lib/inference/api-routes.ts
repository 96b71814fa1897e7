import { EvergreenError } from '../shared/errors.ts';

/** What a path and method ask for. */
export type Route =
  | { kind: 'server' | 'live' | 'ready' | 'openapi' }
  | { kind: 'invoke'; model: string | undefined }
  | { kind: 'predict' | 'explain'; model: string }
  /** Without a version, of whatever takes traffic. */
  | { kind: 'describe' | 'model-ready' | 'infer'; model: string; version?: string };

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

const modelRoutes = new Map<string, 'describe' | 'model-ready' | 'infer'>([
  ['GET ', 'describe'],
  ['GET ready', 'model-ready'],
  ['POST infer', 'infer'],
]);

/** Below /v2/models: `{model}[/versions/{version}][/ready|/infer]`. */
function routeOfModel(method: string, [model, ...rest]: string[]): Route | undefined {
  const isPinned = rest[0] === 'versions';
  const [version, last = '', ...more] = isPinned ? rest.slice(1) : [undefined, ...rest];
  const kind = modelRoutes.get(`${method} ${last}`);
  if (model === undefined || kind === undefined || more.length > 0) return undefined;
  if (version === undefined) return isPinned ? undefined : { kind, model: decode(model) };
  return { kind, model: decode(model), version: decode(version) };
}

/** @throws EvergreenError `route-unknown`. */
export function findRoute(method: string, path: string): Route {
  const steps = path.split('/').filter((step) => step !== '');
  const [first, second, third] = steps;
  const called = `${method} ${steps.length}`;
  if (first === 'ping' && called === 'GET 1') return { kind: 'ready' };
  if (first === 'openapi.json' && called === 'GET 1') return { kind: 'openapi' };
  if (first === 'invocations' && called === 'POST 1') return { kind: 'invoke', model: undefined };
  if (first === 'models' && called === 'POST 3' && third === 'invocations') {
    return { kind: 'invoke', model: decode(second ?? '') };
  }
  if (first === 'models' && called === 'POST 3' && (third === 'predict' || third === 'explain')) {
    return { kind: third, model: decode(second ?? '') };
  }
  if (first === 'v2') {
    if (called === 'GET 1') return { kind: 'server' };
    if (called === 'GET 3' && second === 'health' && (third === 'live' || third === 'ready'))
      return { kind: third };
    const route = second === 'models' ? routeOfModel(method, steps.slice(2)) : undefined;
    if (route) return route;
  }
  throw new EvergreenError('route-unknown', `there is no ${method} ${path.slice(0, 100)}`);
}
