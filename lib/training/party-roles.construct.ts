import { Aws, Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { partyPrefix } from '../model/federation.ts';
import type { GuardedBucket } from '../platform/bucket.ts';
import { sha256 } from '../shared/digest.ts';
import { partyRoleSuffix, roundsPrefix, updatesPrefix } from './federated-jobs.ts';
import { JobRole } from './job-role.construct.ts';

export interface PartyRolesProps {
  readonly key: IKey;
  readonly data: DataRoom;
  /** The bucket of models. */
  readonly models: GuardedBucket;
}

/** A role for each party of each model: its jobs read the party's rows and no others, and write its updates alone. */
export class PartyRoles extends Construct {
  /** What the ARNs of these roles begin with; the planner knows the rest. */
  readonly arnPrefix: string;
  readonly roles: JobRole[] = [];
  readonly #props: PartyRolesProps;
  readonly #namePrefix: string;

  constructor(scope: Construct, id: string, props: PartyRolesProps) {
    super(scope, id);
    this.#props = props;
    const stack = Stack.of(this);
    // Names of roles are those of an account, whatever the region: two stacks must not meet in one.
    const home = sha256(`${stack.stackName} ${this.node.path}`).slice(0, 8);
    this.#namePrefix = `evergreen-party-${Aws.REGION}-${home}-`;
    this.arnPrefix = stack.formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName: this.#namePrefix,
    });
  }

  /** Makes the roles of a model's parties, if it has any. */
  add({ name: model, train }: ModelDefinition, source: Asset): void {
    const { key, data, models } = this.#props;
    for (const party of train.federated?.parties ?? []) {
      const role = new JobRole(this, `${model}-${party}`, {
        description: `What jobs of the party ${party} of ${model} may do`,
        key,
        roleName: `${this.#namePrefix}${partyRoleSuffix(model, party)}`,
      });
      data.bucket.grantReadOnlyBelow(role, partyPrefix(model, party));
      data.bucket.grantReadOnlyBelow(role, `definitions/${model}/`);
      models.grantReadOnlyBelow(role, roundsPrefix(model));
      models.grantWriteBelow(role, updatesPrefix(model, party));
      role.grantReadSource(source);
      this.roles.push(role);
    }
  }
}
