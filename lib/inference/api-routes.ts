import { EvergreenError } from '../shared/errors.ts';

/** What a path and method ask for. */
export type Route =
  | { kind: 'server' | 'live' | 'ready' }
  | { kind: 'invoke'; model: string | undefined }
  | { kind: 'describe' | 'model-ready' | 'predict' | 'explain' | 'infer'; model: string };

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/** @throws EvergreenError `route-unknown`. */
export function findRoute(method: string, path: string): Route {
  const steps = path.split('/').filter((step) => step !== '');
  const [first, second, third = '', fourth] = steps;
  const called = `${method} ${steps.length}`;
  if (first === 'ping' && called === 'GET 1') return { kind: 'ready' };
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
    if (second === 'models') {
      const model = decode(third);
      if (called === 'GET 3') return { kind: 'describe', model };
      if (called === 'GET 4' && fourth === 'ready') return { kind: 'model-ready', model };
      if (called === 'POST 4' && fourth === 'infer') return { kind: 'infer', model };
    }
  }
  throw new EvergreenError('route-unknown', `there is no ${method} ${path.slice(0, 100)}`);
}
