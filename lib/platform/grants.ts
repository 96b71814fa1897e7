import { Stack } from 'aws-cdk-lib';
import { type IGrantable, type IPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct } from 'constructs';
import { EvergreenError } from '../shared/errors.ts';
import { acknowledgeWildcard, flatten } from './nag-acknowledgements.ts';

export interface Right {
  /** Named one by one: an action is never a pattern. */
  readonly actions: string[];
  readonly resources: string[];
  readonly conditions?: Record<string, Record<string, string>>;
  /** Why resources cannot be named one by one; asked for when one of them is a pattern. */
  readonly because?: string;
}

/**
 * Gives a right, and tells auditors why it is as wide as it is.
 *
 * @throws EvergreenError `internal` when an action is a pattern, or a resource is one and no reason is given.
 */
export function allow(grantee: IGrantable, { actions, resources, conditions, because }: Right): void {
  const holder = grantee.grantPrincipal;
  if (!isConstruct(holder)) throw new EvergreenError('internal', 'rights are given to roles of this app');
  const wide = actions.find((action) => action.includes('*'));
  if (wide) throw new EvergreenError('internal', `the right ${wide} is a pattern; name each action`);
  for (const resource of resources) {
    const text = flatten(Stack.of(holder).resolve(resource));
    if (!text.includes('*')) continue;
    if (because === undefined) {
      throw new EvergreenError('internal', `the right on ${text} is a pattern; say why with \`because\``);
    }
    acknowledgeWildcard(holder, 'Resource', resource, because);
  }
  holder.addToPrincipalPolicy(
    new PolicyStatement({ actions, resources, ...(conditions ? { conditions } : {}) }),
  );
}

function isConstruct(principal: object): principal is IConstruct & IPrincipal {
  return Construct.isConstruct(principal);
}
