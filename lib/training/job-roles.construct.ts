import { Aws, Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { partyPrefix } from '../model/federation.ts';
import { JobRole } from '../platform/job-role.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';
import { sha256 } from '../shared/digest.ts';
import { continues } from './continuation.ts';
import { partyRoleSuffix, resultsPrefix, roundsPrefix, updatesPrefix } from './federated-jobs.ts';
import { jobsPrefix, modelRoleSuffix } from './training-job.ts';

export interface JobRolesProps {
  readonly key: IKey;
  readonly data: DataRoom;
  readonly registry: RegistryRoom;
}

/**
 * A role for the jobs of each model, and one for each of its parties.
 *
 * A model's jobs run what its folder says, with packages of its own: they read and write what is the model's alone. A
 * party's jobs read the party's rows and no others, and write its updates alone.
 */
export class JobRoles extends Construct {
  /** What the ARNs of these roles begin with; the planner knows the rest. */
  readonly arnPrefix: string;
  readonly ofModels: JobRole[] = [];
  readonly ofParties: JobRole[] = [];
  readonly #props: JobRolesProps;
  readonly #namePrefix: string;

  constructor(scope: Construct, id: string, props: JobRolesProps) {
    super(scope, id);
    this.#props = props;
    const stack = Stack.of(this);
    // Names of roles are those of an account, whatever the region: two stacks must not meet in one.
    const home = sha256(`${stack.stackName} ${this.node.path}`).slice(0, 8);
    this.#namePrefix = `evergreen-job-${Aws.REGION}-${home}-`;
    this.arnPrefix = stack.formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName: this.#namePrefix,
    });
  }

  add(definition: ModelDefinition, source: Asset): void {
    const { data, registry } = this.#props;
    const { name: model, train } = definition;
    const scope = new Construct(this, model);
    const role = this.#make(scope, 'Jobs', modelRoleSuffix(model), `What jobs of ${model} may do`, source);
    data.bucket.grantReadOnlyBelow(role, `datasets/${model}/`);
    data.bucket.grantReadOnlyBelow(role, `definitions/${model}/`);
    registry.models.grantWriteBelow(role, jobsPrefix(model));
    if (continues(definition)) registry.models.grantReadOnlyBelow(role, `packages/${model}/`);
    if (train.federated) registry.models.grantReadOnlyBelow(role, resultsPrefix(model));
    this.ofModels.push(role);
    for (const party of train.federated?.parties ?? []) this.#addParty(scope, model, party, source);
  }

  #make(scope: Construct, id: string, suffix: string, description: string, source: Asset): JobRole {
    const roleName = `${this.#namePrefix}${suffix}`;
    const role = new JobRole(scope, id, { description, key: this.#props.key, roleName, kind: 'training' });
    role.grantReadSource(source);
    return role;
  }

  #addParty(scope: Construct, model: string, party: string, source: Asset): void {
    const { data, registry } = this.#props;
    const description = `What jobs of the party ${party} of ${model} may do`;
    const role = this.#make(scope, party, partyRoleSuffix(model, party), description, source);
    data.bucket.grantReadOnlyBelow(role, partyPrefix(model, party));
    data.bucket.grantReadOnlyBelow(role, `definitions/${model}/`);
    registry.models.grantReadOnlyBelow(role, roundsPrefix(model));
    registry.models.grantWriteBelow(role, updatesPrefix(model, party));
    this.ofParties.push(role);
  }
}
