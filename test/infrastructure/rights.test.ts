import { App, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { allow } from '../../lib/platform/grants.ts';
import { flatten } from '../../lib/platform/nag-acknowledgements.ts';
import { models, type Resource, type Synthesised, stages, synthesised } from './synthesised.ts';

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: unknown;
}

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** Every right of every role: who, what, on what. */
function rightsOf(
  made: Synthesised,
): { role: string; action: string; resource: string; condition: unknown }[] {
  const documents: [string, Resource][] = [];
  for (const [id, resource] of [
    ...made.ofType('AWS::IAM::Policy'),
    ...made.ofType('AWS::IAM::ManagedPolicy'),
  ])
    documents.push([made.pathOf(id).replace('/DefaultPolicy', ''), resource]);
  return documents.flatMap(([role, { Properties }]) =>
    (Properties.PolicyDocument.Statement as Statement[])
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap((statement) =>
        list(statement.Action).flatMap((action) =>
          list(statement.Resource).map((resource) => ({
            role,
            action,
            resource: flatten(resource),
            condition: statement.Condition,
          })),
        ),
      ),
  );
}

/** Actions that know no resources, or none of ours: all there may be on every resource. */
const onEverything = new Map([
  ['xray:PutTraceSegments', 'traces'],
  ['xray:PutTelemetryRecords', 'traces'],
  ['xray:GetSamplingRules', 'traces of state machines'],
  ['xray:GetSamplingTargets', 'traces of state machines'],
  ['logs:CreateLogDelivery', 'logs of state machines'],
  ['logs:GetLogDelivery', 'logs of state machines'],
  ['logs:UpdateLogDelivery', 'logs of state machines'],
  ['logs:DeleteLogDelivery', 'logs of state machines'],
  ['logs:ListLogDeliveries', 'logs of state machines'],
  ['logs:PutResourcePolicy', 'logs of state machines'],
  ['logs:DescribeResourcePolicies', 'logs of state machines'],
  ['logs:DescribeLogGroups', 'logs of state machines'],
  ['cloudwatch:GetMetricData', 'the judge of a canary'],
  ['cloudwatch:DescribeAlarms', 'the judge of a canary'],
  ['cloudwatch:PutMetricData', 'training jobs, in their namespace'],
  ['ecr:GetAuthorizationToken', 'training jobs'],
  ['sagemaker:ListTags', 'the tags of jobs, as AWS has it'],
]);

/** Patterns of resources that may stand in a right; anything else with an asterisk fails. */
const patterns = [
  /^<\w*(Data|Registry)\w*\.Arn>\/(incoming|retrain|rewritten|datasets|definitions|captures|profiles|erasures|certificates|monitoring|examinations|parts|jobs|packages|tuning|signatures|cards)\/\*$/,
  // A batch's folder is told by its model and id.
  /^<\w*Data\w*\.Arn>\/batches\/\*\/((input|rows|parts|result)\/\*|rows\/manifest\.json)$/,
  /^<\w*Data\w*\.Arn>\/parts\/\*\/plan\.json$/,
  // What is one model's alone.
  /^<\w*(Data|Registry)\w*\.Arn>\/(incoming|retrain|rewritten|examinations|datasets|definitions|jobs|packages)\/(iris|prices|yields)\/\*$/,
  // One party of one model, or what a model's parties share; the average reads and writes those of all.
  /^<\w*Data\w*\.Arn>\/(parties\/yields\/(north|south)|definitions\/yields)\/\*$/,
  /^<\w*Registry\w*\.Arn>\/federated\/(updates|rounds|results|updates\/yields\/(north|south)|(rounds|results)\/yields)\/\*$/,
  /:log-group:\/aws\/sagemaker\/\*(:log-stream:\*)?$/,
  /^arn:<AWS::Partition>:ecr:<AWS::Region>:\*:repository\/(pytorch-training|sagemaker-spark-processing)$/,
  /:sagemaker:[^*]+:(training-job|hyper-parameter-tuning-job|processing-job)\/evergreen-\*$/,
  /:states:[^*]+:execution:<\w+\.Name>:\*$/,
];

describe.each(stages)('rights of stage %s', (stage) => {
  const made = synthesised(stage);
  const rights = rightsOf(made);
  const actionsOf = (role: string) => [
    ...new Set(rights.filter((right) => right.role === role).map(({ action }) => action)),
  ];

  const writersOf = (prefix: string) => [
    ...new Set(
      rights
        .filter(({ action, resource }) => action === 's3:PutObject' && resource.endsWith(`>/${prefix}/*`))
        .map(({ role }) => role),
    ),
  ];

  it('name every action', () => {
    expect(rights.length).toBeGreaterThan(100);
    expect(rights.filter(({ action }) => action.includes('*'))).toEqual([]);
  });

  it('hold for everything only where an action knows no resources', () => {
    const wide = rights.filter(({ resource, action }) => resource === '*' && !onEverything.has(action));
    expect(wide).toEqual([]);
  });

  it('hold for patterns only of names that come after the deployment', () => {
    const wide = rights.filter(
      ({ resource }) =>
        resource !== '*' && resource.includes('*') && !patterns.some((pattern) => pattern.test(resource)),
    );
    expect(wide).toEqual([]);
  });

  it('let no role delete, scan or describe what is kept', () => {
    const forbidden =
      /^(dynamodb:(Scan|DeleteItem|DeleteTable|\w*Stream\w*)|s3:Delete\w*|kms:(Schedule|Disable|Put)\w*)$/;
    expect(rights.filter(({ action, role }) => forbidden.test(action) && role !== 'Eraser')).toEqual([]);
  });

  it('let the role of erasures alone delete, and no record of it', () => {
    const deletes = rights.filter(({ action }) => /Delete/.test(action) && !/^(logs|sqs):/.test(action));
    expect([...new Set(deletes.map(({ role }) => role))]).toEqual(['Eraser']);
    const destroyed = deletes.filter(({ action }) => action === 's3:DeleteObjectVersion');
    expect(destroyed.map(({ resource }) => resource.replace(/.*>/, '')).sort()).toEqual([
      '/captures/*',
      '/datasets/*',
      '/incoming/*',
      '/retrain/*',
      '/rewritten/*',
    ]);
  });

  it('let predictions be answered without a right to write anything', () => {
    expect(actionsOf('Inference/PredictRole').sort()).toEqual([
      'dynamodb:GetItem',
      'kms:Decrypt',
      'kms:GenerateMac',
      'kms:GetPublicKey',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject',
      's3:GetObjectVersion',
      's3:ListBucket',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
    const objects = rights.filter(
      ({ role, action }) => role === 'Inference/PredictRole' && action.startsWith('s3:GetObject'),
    );
    for (const { resource } of objects)
      expect(resource).toMatch(/Registry\w*\.Arn>\/(packages|signatures)\/\*$/);
  });

  it('let what was predicted without a network be kept, and nothing that is there be changed or deleted', () => {
    const own = rights.filter(({ role }) => role === 'Monitoring/TakeCapturesRole');
    const onTables = own.filter(({ action }) => action.startsWith('dynamodb:'));
    expect(
      onTables.map(({ action, resource }) => [
        action,
        resource.replace(/\w*?(Predictions|Registry).*/, '$1'),
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['dynamodb:GetItem', '<Predictions'],
        ['dynamodb:BatchGetItem', '<Predictions'],
        ['dynamodb:PutItem', '<Predictions'],
        ['dynamodb:GetItem', '<Registry'],
      ]),
    );
    expect(onTables).toHaveLength(4);
    const objects = own.filter(({ action }) => /^s3:(Get|Put)Object$/.test(action));
    expect(objects.map(({ action, resource }) => [action, resource.split('>/')[1]]).sort()).toEqual([
      ['s3:GetObject', 'packages/*'],
      ['s3:PutObject', 'captures/*'],
    ]);
    expect(writersOf('captures')).toEqual([
      'Monitoring/RecordPredictionsRole',
      'Monitoring/TakeCapturesRole',
      'Eraser',
    ]);
  });

  it('let only the trainer write where models come from', () => {
    for (const { definition } of models) {
      expect(writersOf(`jobs/${definition.name}`)).toEqual([`Training/Roles/${definition.name}/Jobs`]);
    }
    expect(writersOf('jobs')).toEqual([]);
    expect(writersOf('packages')).toEqual(['Evaluation/EvaluateCandidateRole']);
    expect(writersOf('signatures')).toEqual(['Registry/RegisterVersionRole']);
    expect(writersOf('cards')).toEqual(['Registry/RegisterVersionRole']);
    expect(writersOf('datasets')).toEqual(['Data/ValidateDataRole', 'Eraser']);
    expect(writersOf('incoming')).toEqual(['Eraser']);
  });

  it('let jobs of a model read and write what is the model’s alone', () => {
    for (const { definition } of models) {
      const own = rights.filter(({ role }) => role === `Training/Roles/${definition.name}/Jobs`);
      const objects = own.filter(({ action }) => /^s3:(Get|Put)Object/.test(action));
      expect(objects.length).toBeGreaterThan(0);
      for (const { resource } of objects) {
        expect(resource).toMatch(new RegExp(`/${definition.name}/\\*$|-assets-.*\\.gz$`));
      }
      for (const { action, condition } of own) {
        if (action === 's3:ListBucket') expect(JSON.stringify(condition)).toContain('s3:prefix');
      }
    }
  });

  it('let one function sign what is served, with the one key', () => {
    const signers = rights.filter(({ action }) => action === 'kms:Sign');
    expect(signers.map(({ role }) => role)).toEqual(['Registry/RegisterVersionRole']);
    const key = signers[0]?.resource;
    expect(key).toMatch(/^<\w*SigningKey\w*\.Arn>$/);
    const readers = rights.filter(({ action }) => action === 'kms:GetPublicKey');
    for (const { resource } of readers) expect(resource).toBe(key);
  });

  it('let these hash personal features, and nobody who hashes them make the ids of erasures', () => {
    const makers = rights.filter(({ action }) => action === 'kms:GenerateMac');
    const rolesOf = (key: RegExp) =>
      makers
        .filter(({ resource }) => key.test(resource))
        .map(({ role }) => role)
        .sort();
    expect(rolesOf(/HashKey/)).toEqual([
      'Batch/PredictPartRole',
      'Data/ValidateDataRole',
      'Eraser',
      'Inference/PredictRole',
    ]);
    expect(rolesOf(/SubjectKey/)).toEqual(['Eraser']);
  });

  it('let only these change the registry', () => {
    const writers = rights
      .filter(
        ({ action, resource }) => /:(Put|Update)Item$/.test(action) && resource.includes('RegistryTable'),
      )
      .map(({ role }) => role);
    expect([...new Set(writers)].sort()).toEqual([
      'Eraser',
      'Intake/EndRunRole',
      'Registry/RegisterVersionRole',
      'Remediation/AskRetrainRole',
      'Remediation/RemediateAlarmRole',
      'Rollout/BeginRolloutRole',
      'Rollout/ShiftTrafficRole',
    ]);
  });

  it('let jobs that examine a file read what was uploaded for their model, and write what they counted of it', () => {
    for (const { name } of models.map(({ definition }) => definition)) {
      const objects = rights
        .filter(({ role, action }) => role === `Data/Spark/${name}` && /^s3:.*Object/.test(action))
        .map(
          ({ action, resource }) =>
            `${action} ${/>?\/?([^/>]*\/[^/]*\/\*)$/.exec(resource)?.[1] ?? 'a program'}`,
        );
      expect([...new Set(objects)].sort()).toEqual(
        [
          's3:GetObject a program',
          ...['s3:GetObject', 's3:GetObjectVersion'].flatMap((action) => [
            `${action} examinations/${name}/*`,
            ...['incoming', 'retrain', 'rewritten'].map((folder) => `${action} ${folder}/${name}/*`),
          ]),
          `s3:PutObject examinations/${name}/*`,
        ].sort(),
      );
    }
  });

  it('let one machine run searches and examinations of this product alone, as the roles of its models alone', () => {
    const ours = rights.filter(({ role }) => role === 'Job/Job/Role');
    const jobs = ours.filter(({ action }) => action.startsWith('sagemaker:'));
    for (const { action, resource } of jobs) {
      if (action !== 'sagemaker:ListTags') expect(resource).toMatch(/\/evergreen-\*$/);
    }
    // As in AWS's policies for createHyperParameterTuningJob.sync and createProcessingJob.sync.
    const ofKinds = ['HyperParameterTuningJob', 'ProcessingJob'].flatMap((kind) =>
      ['Create', 'Describe', 'Stop'].map((verb) => `${verb}${kind}`),
    );
    const asked = [...ofKinds, 'AddTags', 'ListTags'].map((action) => `sagemaker:${action}`);
    expect([...new Set(jobs.map(({ action }) => action))].sort()).toEqual(asked.sort());
    const passed = ours.filter(({ action }) => action === 'iam:PassRole');
    expect(passed).toHaveLength(2 * models.length);
    for (const { resource, condition } of passed) {
      expect(resource).toMatch(/^<\w*(TrainingRoles\w+Jobs|DataSpark(iris|prices|yields))\w*\.Arn>$/);
      expect(condition).toEqual({ StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } });
    }
    const everybodyElse = rights.filter(
      ({ role, action }) =>
        !['Job/Job/Role', 'Train/Training/Role'].includes(role) &&
        (action.startsWith('sagemaker:') || action === 'iam:PassRole'),
    );
    // Nobody else starts or stops a job; one function reads what a search found.
    expect(everybodyElse.map(({ role, action }) => `${role} ${action}`).sort()).toEqual([
      'Training/CollectTrialsRole sagemaker:DescribeHyperParameterTuningJob',
      'Training/CollectTrialsRole sagemaker:ListTrainingJobsForHyperParameterTuningJob',
    ]);
    for (const { resource } of everybodyElse)
      expect(resource).toMatch(/:hyper-parameter-tuning-job\/evergreen-\*$/);
  });

  it('let training run training jobs alone, as models and their parties', () => {
    const ours = rights.filter(({ role }) => role === 'Train/Training/Role');
    const jobs = ours.filter(({ action }) => action.startsWith('sagemaker:'));
    for (const { action, resource } of jobs) {
      if (action !== 'sagemaker:ListTags') expect(resource).toMatch(/:training-job\/evergreen-\*$/);
    }
    expect(jobs.map(({ action }) => action.replace('sagemaker:', '')).sort()).toEqual(
      ['AddTags', 'CreateTrainingJob', 'DescribeTrainingJob', 'ListTags', 'StopTrainingJob'].sort(),
    );
    const passed = ours.filter(({ action }) => action === 'iam:PassRole');
    expect(passed).toHaveLength(models.length + 2);
    for (const { resource } of passed) {
      expect(resource).toMatch(/^<\w*TrainingRoles(\w+Jobs|yieldsnorth|yieldssouth)[0-9A-F]{8}\.Arn>$/);
    }
    for (const { condition } of passed) {
      expect(condition).toEqual({ StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } });
    }
  });

  describe.each(['north', 'south'])('of the party %s', (party) => {
    const own = rights.filter(({ role }) => role === `Training/Roles/yields/${party}`);
    const objects = (...actions: string[]) => [
      ...new Set(
        own
          .filter(({ action }) => actions.includes(action))
          .map(({ resource }) => resource.replace(/^<\w+?(Data|Registry)\w*\.Arn>/, '$1')),
      ),
    ];

    it('let its jobs read its rows, the definition, the average and the code, and nothing else', () => {
      const read = objects('s3:GetObject', 's3:GetObjectVersion').sort();
      expect(read).toEqual([
        `Data/definitions/yields/*`,
        `Data/parties/yields/${party}/*`,
        `Registry/federated/rounds/yields/*`,
        expect.stringMatching(/:s3:::[^*]*cdk-hnb659fds-assets-[^*]+\/[0-9a-f]{64}\.(tar\.)?gz$/),
      ]);
    });

    it('let its jobs list no more than that', () => {
      const lists = own.filter(({ action }) => action === 's3:ListBucket');
      expect(lists.map(({ condition }) => condition)).toEqual(
        expect.arrayContaining([
          { StringLike: { 's3:prefix': `parties/yields/${party}/*` } },
          { StringLike: { 's3:prefix': 'definitions/yields/*' } },
          { StringLike: { 's3:prefix': 'federated/rounds/yields/*' } },
          { StringEquals: { 's3:prefix': expect.stringMatching(/^[0-9a-f]{64}\.(tar\.)?gz$/) } },
        ]),
      );
      expect(lists).toHaveLength(4);
    });

    it('let its jobs write its updates alone', () => {
      expect(objects('s3:PutObject')).toEqual([`Registry/federated/updates/yields/${party}/*`]);
    });

    it('hold for nothing beside S3 but the key, the log and the container', () => {
      const services = new Set(own.map(({ action }) => action.split(':')[0]));
      expect([...services].sort()).toEqual(['cloudwatch', 'ecr', 'kms', 'logs', 's3']);
    });

    it('are for SageMaker in this account alone', () => {
      const [, role] =
        made.ofType('AWS::IAM::Role').find(([id]) => made.pathOf(id) === `Training/Roles/yields/${party}`) ??
        [];
      expect(role?.Properties.AssumeRolePolicyDocument.Statement).toEqual([
        {
          Action: 'sts:AssumeRole',
          Effect: 'Allow',
          Principal: { Service: 'sagemaker.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        },
      ]);
    });
  });

  it('let nobody but a party read its rows', () => {
    const readers = rights.filter(({ resource }) => /\/parties\//.test(resource));
    for (const { role, action, resource } of readers) {
      expect(action).toMatch(/^s3:GetObject(Version)?$/);
      expect(resource).toContain(`/${role.replace('Training/Roles/', 'parties/')}/*`);
    }
    // Whoever may read objects of the data bucket may read them below one prefix.
    const whole = rights.filter(
      ({ action, resource }) => action.startsWith('s3:GetObject') && /Data\w*\.Arn>\/\*$/.test(resource),
    );
    expect(whole).toEqual([]);
  });

  it('let the average alone read what parties left, and write what they go on from', () => {
    const holders = (action: string, prefix: string) => [
      ...new Set(
        rights
          .filter((right) => right.action === action && right.resource.includes(`/federated/${prefix}/`))
          .map(({ role }) => role),
      ),
    ];
    const average = ['Train/AverageUpdatesRole'];
    expect(holders('s3:GetObject', 'updates')).toEqual(average);
    expect(holders('s3:PutObject', 'rounds')).toEqual(average);
    expect(holders('s3:PutObject', 'results')).toEqual(average);
    expect(holders('s3:GetObject', 'results')).toEqual(['Training/Roles/yields/Jobs']);
  });

  it('let each step of a batch touch its own part of the folder alone', () => {
    const objects = (role: string, action: string) =>
      rights
        .filter(
          (right) => right.role === role && right.action === action && /Data\w*\.Arn>/.test(right.resource),
        )
        .map(({ resource }) => resource.replace(/^.*\.Arn>\//, ''))
        .sort();
    expect(objects('Batch/PlanBatchRole', 's3:GetObject')).toEqual(['batches/*/input/*', 'batches/*/rows/*']);
    expect(objects('Batch/PlanBatchRole', 's3:PutObject')).toEqual(['batches/*/rows/*']);
    expect(objects('Batch/PredictPartRole', 's3:GetObject')).toEqual([
      'batches/*/parts/*',
      'batches/*/rows/*',
    ]);
    expect(objects('Batch/PredictPartRole', 's3:PutObject')).toEqual(['batches/*/parts/*']);
    expect(objects('Batch/CollectBatchRole', 's3:PutObject')).toEqual(['batches/*/result/*']);
    expect(objects('Batch/Batch/Role', 's3:GetObject')).toEqual(['batches/*/rows/manifest.json']);
    // The functions answer rows and change nothing that is served.
    for (const role of ['PlanBatch', 'PredictPart', 'CollectBatch']) {
      const tables = actionsOf(`Batch/${role}Role`).filter((action) => action.startsWith('dynamodb:'));
      expect(tables).toEqual(role === 'PlanBatch' ? ['dynamodb:GetItem'] : []);
    }
  });

  it('let each step of an upload of many files read what came, and write no upload but the joined one', () => {
    const objects = (role: string, action: string) =>
      rights
        .filter(
          (right) => right.role === role && right.action === action && /\/\*|\.json$/.test(right.resource),
        )
        .map(({ resource }) => resource.replace(/^.*\.Arn>\//, ''))
        .sort();
    expect(objects('Data/Parts/PlanPartsRole', 's3:GetObject')).toEqual(['definitions/*', 'incoming/*']);
    expect(objects('Data/Parts/PlanPartsRole', 's3:PutObject')).toEqual(['parts/*']);
    expect(objects('Data/Parts/ReadPartRole', 's3:GetObject')).toEqual(['definitions/*', 'incoming/*']);
    expect(objects('Data/Parts/ReadPartRole', 's3:PutObject')).toEqual(['parts/*']);
    expect(objects('Data/Parts/JoinPartsRole', 's3:GetObject')).toEqual(['incoming/*', 'parts/*']);
    expect(objects('Data/Parts/JoinPartsRole', 's3:PutObject')).toEqual(['parts/*', 'rewritten/*']);
    expect(objects('Data/Parts/Machine/Role', 's3:GetObject')).toEqual(['parts/*/plan.json']);
    expect(writersOf('rewritten')).toEqual(['Data/Parts/JoinPartsRole', 'Eraser']);
  });

  it('let the machine of batches start, see and stop executions of itself, and of no other', () => {
    const own = rights.filter(
      ({ role, action }) => role === 'Batch/Batch/MapRuns' && action.startsWith('states:'),
    );
    expect(own.map(({ action }) => action).sort()).toEqual([
      'states:DescribeExecution',
      'states:StartExecution',
      'states:StopExecution',
    ]);
    const machines = made.ofType('AWS::StepFunctions::StateMachine');
    const [machine] = machines.find(([id]) => made.pathOf(id) === 'Batch/Batch') ?? [];
    for (const { action, resource } of own) {
      if (action === 'states:StartExecution') expect(resource).toBe(`<${machine}>`);
      else expect(resource).toMatch(new RegExp(`:execution:<${machine}\\.Name>:\\*$`));
    }
  });

  it('let state machines invoke the functions in their definition, unversioned', () => {
    const invoked = rights.filter(({ action }) => action === 'lambda:InvokeFunction');
    const roles = [...new Set(invoked.map(({ role }) => role))].sort();
    expect(roles).toEqual([
      'Batch/Batch/Role',
      'Data/Parts/Machine/Role',
      'Monitoring/ScheduleRole',
      'Pipeline/Pipeline/Role',
      'Remediation/ScheduleRole',
      'Rollout/Rollout/Role',
      'Train/Training/Role',
    ]);
    for (const { resource } of invoked) expect(resource).toMatch(/^<\w+\.Arn>$/);
  });

  it('let a training job use the key of what it writes, as SageMaker asks', () => {
    const uses = rights.filter(
      ({ role, action }) => role === 'Training/Roles/yields/Jobs' && action.startsWith('kms:'),
    );
    expect([...new Set(uses.map(({ action }) => action))].sort()).toEqual([
      'kms:Decrypt',
      'kms:Encrypt',
      'kms:GenerateDataKey',
    ]);
    expect(new Set(uses.map(({ resource }) => resource)).size).toBe(1);
  });

  it('let a training job take its own source archive from the assets of the CDK', () => {
    const assets = rights.filter(
      ({ role, resource }) =>
        role === 'Training/Roles/yields/Jobs' && resource.includes('cdk-hnb659fds-assets'),
    );
    for (const { action, resource, condition } of assets) {
      if (action === 's3:ListBucket') expect(condition).toHaveProperty(['StringEquals', 's3:prefix']);
      else expect(resource).toMatch(/\/[0-9a-f]{64}\.(tar\.)?gz$/);
    }
    expect(assets.length).toBeGreaterThan(0);
  });
});

describe('allow', () => {
  const role = () =>
    new Role(new Stack(new App(), 'Stack'), 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });

  it('refuses actions that are patterns', () => {
    expect(() => allow(role(), { actions: ['s3:Get*'], resources: ['arn:aws:s3:::a'] })).toThrow(
      /s3:Get\* is a pattern; name each action/,
    );
  });

  it('refuses resources that are patterns unless somebody says why', () => {
    const right = { actions: ['s3:GetObject'], resources: ['arn:aws:s3:::a/*'] };
    expect(() => allow(role(), right)).toThrow(/say why/);
    expect(() => allow(role(), { ...right, because: 'keys come later' })).not.toThrow();
  });
});
