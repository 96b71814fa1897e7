import { existsSync } from 'node:fs';
import type { Home } from '../local/home.ts';
import { EvergreenError } from '../shared/errors.ts';
import { stageName } from '../shared/stage-name.ts';
import type { GlobalOptions } from './context.ts';

export type Target = 'local' | 'aws';

/** Where a command works: as asked, else the engine of this checkout when there ever was one, else AWS. */
export function targetOf(options: GlobalOptions, home: Home): Target {
  return options.target ?? (existsSync(home.engineRecord) || existsSync(home.state) ? 'local' : 'aws');
}

/** The stage, and with it the stack `Evergreen-<stage>`; each target has one of its own name unless asked otherwise. */
export function stageOf(options: GlobalOptions, target: Target): string {
  const stage = options.stage ?? target;
  const named = stageName.safeParse(stage);
  if (named.success) return named.data;
  const [issue] = named.error.issues;
  throw new EvergreenError('usage-invalid', `stage ${stage} is no name; ${issue?.message}`);
}
