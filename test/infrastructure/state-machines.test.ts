import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import validateDefinition from 'asl-validator';
import { describe, expect, it } from 'vitest';
import { mostParts } from '../../lib/data/parts/upload-manifest.ts';
import { rowsOfOnePart } from '../../lib/inference/batch/batch.ts';
import { packageRoot } from '../../lib/platform/package-root.ts';
import { errorCatalogue } from '../../lib/shared/error-codes.ts';
import { stateErrorName } from '../../lib/shared/errors.ts';
import { stages, synthesised } from './synthesised.ts';

interface State {
  Type: string;
  Resource?: string;
  Arguments?: string | Record<string, unknown>;
  Next?: string;
  Default?: string;
  Choices?: { Condition: string; Next: string }[];
  Retry?: { ErrorEquals: string[] }[];
  Catch?: { ErrorEquals: string[]; Next: string }[];
  ItemProcessor?: { States: Record<string, State> };
}

const folder = join(packageRoot, 'statemachines');
const files = readdirSync(folder).sort();
const definitions = files.map((file): [string, string] => [file, readFileSync(join(folder, file), 'utf8')]);

/** The states of a definition, those that a map runs for each of its items included. */
function statesOf(text: string): [string, State][] {
  const below = (states: Record<string, State>): [string, State][] =>
    Object.entries(states).flatMap(([name, state]): [string, State][] => [
      [name, state],
      ...below(state.ItemProcessor?.States ?? {}),
    ]);
  return below(JSON.parse(text).States);
}

/** The definition with an ARN, or a number of seconds, in the place of each name, as CloudFormation puts it there. */
function substituted(text: string, names: string[]): string {
  const placed = (name: string) =>
    /Seconds|Concurrency$/.test(name) ? '60' : `arn:aws:lambda:eu-central-1:111122223333:function:${name}`;
  return names.reduce((definition, name) => definition.replaceAll(`\${${name}}`, placed(name)), text);
}

describe.each(stages)('state machines of stage %s', (stage) => {
  const made = synthesised(stage);
  const machines = made.ofType('AWS::StepFunctions::StateMachine').map(([, { Properties }]) => Properties);

  it('are the pipeline and those it calls', () => {
    expect(files).toEqual([
      'batch-prediction.asl.json',
      'job.asl.json',
      'pipeline.asl.json',
      'rollout.asl.json',
      'training.asl.json',
      'upload-parts.asl.json',
    ]);
    expect(machines).toHaveLength(6);
  });

  it('log every step without the data, and trace', () => {
    for (const machine of machines) {
      expect(machine.LoggingConfiguration).toMatchObject({ Level: 'ALL', IncludeExecutionData: false });
      expect(machine.TracingConfiguration).toEqual({ Enabled: true });
    }
    for (const [, group] of made.ofType('AWS::Logs::LogGroup')) {
      const name = group.Properties.LogGroupName;
      // Two stages in one account must not meet in one log group.
      if (name !== undefined) expect(name).toContain(`/aws/vendedlogs/states/Evergreen-${stage}-`);
    }
  });

  it('put a value in the place of every name in their definitions, and of no other', () => {
    const wanted = definitions.map(([, text]) =>
      [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name))].sort(),
    );
    const given = machines.map(({ DefinitionSubstitutions }) => Object.keys(DefinitionSubstitutions).sort());
    expect(given.sort()).toEqual(wanted.sort());
    for (const { DefinitionSubstitutions } of machines) {
      for (const value of Object.values<string | { 'Fn::GetAtt'?: string[]; Ref?: string }>(
        DefinitionSubstitutions,
      )) {
        if (typeof value === 'string') {
          expect(value).toMatch(/^\d+$/);
          continue;
        }
        const target = made.resources[value['Fn::GetAtt']?.[0] ?? value.Ref ?? ''];
        expect([
          'AWS::DynamoDB::GlobalTable',
          'AWS::Lambda::Function',
          'AWS::S3::Bucket',
          'AWS::StepFunctions::StateMachine',
        ]).toContain(target?.Type);
      }
    }
  });
});

describe.each(definitions)('%s', (_, text) => {
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
  const states = statesOf(text);

  it('is JSONata without a finding of the validator', () => {
    const definition = JSON.parse(substituted(text, names));
    expect(definition.QueryLanguage).toBe('JSONata');
    const { isValid, errorsText } = validateDefinition(definition);
    expect(isValid ? '' : errorsText('\n')).toBe('');
  });

  it('stays small enough to be read', () => {
    expect(states.length).toBeLessThanOrEqual(25);
  });

  it('tries every call of a function again when that may help', () => {
    for (const [name, state] of states) {
      if (!state.Resource?.includes('lambda:invoke')) continue;
      const retried = (state.Retry ?? []).flatMap(({ ErrorEquals }) => ErrorEquals);
      expect(retried, name).toEqual(
        expect.arrayContaining([
          'Lambda.ServiceException',
          'Lambda.AWSLambdaException',
          'Lambda.SdkClientException',
          'Lambda.TooManyRequestsException',
          'Evergreen.Unavailable',
        ]),
      );
    }
  });

  it('ends every task in time', () => {
    for (const [name, state] of states) {
      if (state.Type !== 'Task' || state.Resource?.includes('startExecution')) continue;
      expect(state, name).toHaveProperty('TimeoutSeconds');
    }
    expect(JSON.parse(text).TimeoutSeconds).toBeGreaterThan(0);
  });
});

describe('the way to a rollout', () => {
  const states = statesOf(readFileSync(join(folder, 'pipeline.asl.json'), 'utf8'));
  const waysInto = (target: string) =>
    states.flatMap(([name, { Next, Default, Choices = [], Catch = [] }]) =>
      [{ Next }, { Next: Default }, ...Choices, ...Catch]
        .filter((way) => way.Next === target)
        .map(() => name),
    );

  it('leads past the question whether a person has to approve, and past the person who has', () => {
    expect(waysInto('RollOut').sort()).toEqual(['AwaitApproval', 'NeedsApproval']);
    expect(waysInto('AwaitApproval')).toEqual(['NeedsApproval']);
    expect(waysInto('NeedsApproval').sort()).toEqual(['IsNew', 'RegisterVersion']);
    const asked = Object.fromEntries(states).NeedsApproval;
    expect(asked?.Choices).toEqual([{ Condition: "{% $plan.approval = 'person' %}", Next: 'AwaitApproval' }]);
  });
});

describe('the way of a rollout', () => {
  const all = statesOf(readFileSync(join(folder, 'rollout.asl.json'), 'utf8'));
  const states = Object.fromEntries(all);
  const waysInto = (target: string) =>
    all.flatMap(([name, { Next, Default, Choices = [], Catch = [] }]) =>
      [{ Next }, { Next: Default }, ...Choices, ...Catch]
        .filter((way) => way.Next === target)
        .map(() => name),
    );

  it('gives no traffic before the replay, and the shadow if there is one, is passed', () => {
    expect(waysInto('StartCanary').sort()).toEqual(['IsReplayGood', 'IsShadowGood']);
    expect(waysInto('PromoteReplayed').sort()).toEqual(['IsReplayGood', 'IsShadowGood']);
    expect(waysInto('IsReplayGood')).toEqual(['ReplayGolden']);
    expect(waysInto('IsShadowGood')).toEqual(['AnswerShadow']);
    for (const name of ['IsReplayGood', 'IsShadowGood']) {
      expect(states[name]?.Choices?.[0]).toEqual({
        Condition: "{% $states.input.verdict = 'fail' %}",
        Next: 'ReplayRefused',
      });
    }
  });

  it('refuses a version whose replay dies or does not end, without trying it again', () => {
    for (const name of ['ReplayGolden', 'AnswerShadow']) {
      expect(states[name]?.Catch?.map(({ ErrorEquals, Next }) => [ErrorEquals, Next])).toEqual([
        [['Sandbox.Timedout', 'States.Timeout', 'Runtime.ExitError', 'Lambda.Unknown'], 'ReplayRefused'],
      ]);
      expect(states[name]?.Retry?.flatMap(({ ErrorEquals }) => ErrorEquals)).not.toContain(
        'Sandbox.Timedout',
      );
    }
  });

  it('goes on where a look is judged, whoever hears of it', () => {
    expect(states.JudgeCanary?.Next).toBe('TellVerdict');
    expect(states.TellVerdict).toMatchObject({
      Next: 'IsJudged',
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'IsJudged' }],
    });
  });

  it('withdraws for want of data as for anything bad', () => {
    const to = states.IsJudged?.Choices?.find(({ Condition }) => Condition.includes('not-enough-data'));
    expect(to?.Next).toBe('WithdrawCandidate');
    expect(states.WidenCanary?.Next).toBe('Bake');
  });
});

describe('the way of a search', () => {
  const states = Object.fromEntries(statesOf(readFileSync(join(folder, 'pipeline.asl.json'), 'utf8')));

  it('begins before any training only when the definition says so, and else when the gate refuses', () => {
    expect(states.IsNew?.Choices?.[0]).toEqual({
      Condition: "{% $plan.outcome = 'train' and $plan.tuneFirst %}",
      Next: 'Tune',
    });
    expect(states.IsGatePassed?.Choices?.[1]).toEqual({
      Condition: '{% $search = null ? $plan.tuningJob != null : $search.next != null %}',
      Next: 'Tune',
    });
  });

  it('ends with the reason when the budget leaves no further one', () => {
    expect(states.Tune?.Next).toBe('CollectTrials');
    expect(states.IsBetterFound?.Default).toBe('GateRefused');
    expect(JSON.stringify(states.GateRefused)).toContain('$search.summary');
  });
});

describe('what the pipeline starts', () => {
  const text = readFileSync(join(folder, 'pipeline.asl.json'), 'utf8');

  it('has a new name after a redrive, for a used name is refused', () => {
    const starts = statesOf(text).filter(([, { Resource = '' }]) => /:(create|start)/.test(Resource));
    expect(starts.map(([name]) => name).sort()).toEqual([
      'ExamineLargeData',
      'GatherParts',
      'RollOut',
      'Train',
      'Tune',
    ]);
    for (const [name, { Arguments }] of starts) {
      const naming = typeof Arguments === 'string' ? Arguments : Arguments?.Name;
      expect(naming, name).toContain('Execution.RedriveCount : 0)');
    }
  });
});

describe('the rounds of a federation', () => {
  const states = Object.fromEntries(statesOf(readFileSync(join(folder, 'training.asl.json'), 'utf8')));

  it('take the place of the one job, and lead to the same evaluation', () => {
    expect(states.HasParties?.Choices).toEqual([
      { Condition: '{% $count($training.parties) > 0 %}', Next: 'TrainParties' },
    ]);
    expect(states.HasParties?.Default).toBe('Train');
  });

  it('begin again until the average says that they are over', () => {
    expect(states.TrainParties?.Next).toBe('AverageUpdates');
    expect(states.AverageUpdates?.Next).toBe('AreRoundsOver');
    expect(states.AreRoundsOver?.Default).toBe('TrainParties');
    expect(states.AreRoundsOver?.Choices).toEqual([
      { Condition: '{% $states.input.isLast %}', Next: 'Train' },
    ]);
  });

  it('go on without no party: what fails for one is tried again for want of a machine, and else fails them all', () => {
    expect(states.TrainParty?.Catch?.map(({ Next }) => Next)).toEqual(['LacksPartyCapacity']);
    expect(states.LacksPartyCapacity?.Default).toBe('PartyFailed');
    expect(states.PartyFailed?.Type).toBe('Fail');
    expect(states.TrainParties?.Catch).toBeUndefined();
  });

  it('wait for a machine that AWS lacks, some times, and fail with the reason of the job else (F12)', () => {
    expect(states.Train?.Catch?.map(({ ErrorEquals }) => ErrorEquals)).toEqual([['States.TaskFailed']]);
    expect(states.LacksCapacity?.Choices).toEqual([
      {
        Condition: "{% $contains($failure.Cause, 'CapacityError') and $shortages <= 5 %}",
        Next: 'AwaitCapacity',
      },
    ]);
    expect(states.LacksCapacity?.Default).toBe('TrainingFailed');
    expect(states.AwaitCapacity?.Next).toBe('Train');
  });

  it('name each job anew after a redrive, of the run or of the federation, and after a retry', () => {
    for (const name of ['TrainParty', 'Train']) {
      const naming = String(states[name]?.Arguments);
      expect(naming).toContain("'-r' & $string($training.redriven)");
      expect(naming).toContain('Execution.RedriveCount : 0)');
      expect(naming).toContain('$states.context.State.RetryCount');
      expect(naming).toMatch(/'c' & \$string\(\$(shortages|lacks)\)/);
    }
    expect(states.TrainParty?.Arguments).toContain("'-n' & $string($round)");
  });
});

describe('a job that examines or searches', () => {
  const states = Object.fromEntries(statesOf(readFileSync(join(folder, 'job.asl.json'), 'utf8')));

  it.each(['Examine', 'Tune'])(
    'waits for a machine that AWS lacks, some times, and else fails as %s did',
    (name) => {
      expect(states[name]?.Catch?.map(({ ErrorEquals, Next }) => [ErrorEquals, Next])).toEqual([
        [['States.TaskFailed'], 'LacksCapacity'],
      ]);
      expect(states.LacksCapacity).toMatchObject({
        Choices: [
          {
            Condition: "{% $contains($failure.Cause, 'CapacityError') and $shortages <= 5 %}",
            Next: 'AwaitCapacity',
          },
        ],
        Default: 'JobFailed',
      });
      expect(states.AwaitCapacity?.Next).toBe('WhichJob');
      expect(states.JobFailed?.Type).toBe('Fail');
    },
  );

  it('is named anew after a redrive, a shortage and a retry', () => {
    for (const name of ['Examine', 'Tune']) {
      const naming = String(states[name]?.Arguments);
      for (const part of [
        '$asked.redriven',
        'Execution.RedriveCount : 0)',
        '$shortages',
        '$states.context.State.RetryCount',
      ]) {
        expect(naming).toContain(part);
      }
    }
  });
});

describe('the parts of a batch', () => {
  const definition = readFileSync(join(folder, 'batch-prediction.asl.json'), 'utf8');
  const states = Object.fromEntries(statesOf(definition));
  const { PredictParts: map } = JSON.parse(definition).States;

  it('are read from the manifest, each an execution of its own, and none may fail', () => {
    expect(map).toMatchObject({
      ToleratedFailurePercentage: 0,
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSON', ItemsPointer: '/parts' },
      },
    });
  });

  it('see nothing of the variables of the batch but what is handed to them', () => {
    // Step Functions lets children of a distributed map refer to no variable of their parent.
    expect(JSON.stringify(map.ItemProcessor)).not.toMatch(/\$(batch|manifestKey)/);
    expect(map.ItemSelector).toEqual({
      batch: '{% $batch %}',
      part: '{% $states.context.Map.Item.Value %}',
    });
  });

  it('answer so little that those of the largest file stay below the output of a state', () => {
    expect(states.PredictPart).toMatchObject({ Output: '{% $states.result.Payload.isReused ? 1 : 0 %}' });
    const mostParts = 50_000_000 / rowsOfOnePart;
    expect(mostParts * '1,'.length).toBeLessThan(256 * 1024);
  });

  it('are tried again when their process died, and not when they were refused', () => {
    const retried = states.PredictPart?.Retry?.flatMap(({ ErrorEquals }) => ErrorEquals);
    expect(retried).toEqual(
      expect.arrayContaining(['Lambda.Unknown', 'Runtime.ExitError', 'Sandbox.Timedout']),
    );
    expect(retried).not.toContain('Evergreen.NotAllowed');
    expect(retried).not.toContain('States.ALL');
  });

  it('are not begun for a file that is refused', () => {
    expect(states.IsPlanned?.Default).toBe('Refused');
    expect(states.IsPlanned?.Choices?.map(({ Next }) => Next)).toEqual(['PredictParts']);
  });
});

describe('the files of an upload', () => {
  const definition = readFileSync(join(folder, 'upload-parts.asl.json'), 'utf8');
  const states = Object.fromEntries(statesOf(definition));
  const { ReadParts: map } = JSON.parse(definition).States;
  const { ChooseSource, GatherParts, ValidateData } = JSON.parse(
    readFileSync(join(folder, 'pipeline.asl.json'), 'utf8'),
  ).States;

  it('are read from the plan, each in an execution of its own that may not fail', () => {
    expect(map).toMatchObject({
      ToleratedFailurePercentage: 0,
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSON', ItemsPointer: '/parts' },
      },
    });
    expect(JSON.stringify(map.ItemProcessor)).not.toMatch(/\$(upload|planKey)/);
  });

  it('are no failure when they cannot be used, so that the others are read and all are named', () => {
    expect(states.ReadPart).toMatchObject({
      Output: "{% $states.result.Payload.outcome = 'readable' ? 0 : 1 %}",
    });
    expect(mostParts * '1,'.length).toBeLessThan(256 * 1024);
    expect(states.ReadParts?.Next).toBe('JoinParts');
  });

  it('are gathered before the gate, and the gate says why when they cannot be', () => {
    expect(ChooseSource.Choices.map(({ Next }: { Next: string }) => Next)).toEqual([
      'GatherParts',
      'ValidateData',
    ]);
    expect(ChooseSource.Choices[0].Condition).toContain('.manifest\\.json$/');
    expect(GatherParts.Next).toBe('ValidateData');
    expect(ValidateData.Arguments.Payload.joinedKey).toBe('{% $joinedKey %}');
    expect(states.IsPlanned?.Default).toBe('Unusable');
  });
});

function sourcesBelow(folderName: string): string[] {
  return readdirSync(join(packageRoot, folderName), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(packageRoot, folderName, file), 'utf8'));
}

describe('errors that state machines choose by', () => {
  const named = definitions.flatMap(([, text]) =>
    statesOf(text).flatMap(([, { Retry = [], Catch = [] }]) =>
      [...Retry, ...Catch].flatMap(({ ErrorEquals }) => ErrorEquals),
    ),
  );
  const ours = [...new Set(named.filter((name) => name.startsWith('Evergreen.')))].sort();
  const sources = [...sourcesBelow('lib'), ...sourcesBelow('lambdas')];
  const kindsThrown = new Set(Object.values(errorCatalogue).map(({ kind }): string => stateErrorName[kind]));
  // A name that no kind has is sent by the source that spells it.
  const isSpelled = (name: string) => sources.some((source) => source.includes(`'${name}'`));

  it('are some', () => {
    expect(ours.length).toBeGreaterThanOrEqual(3);
  });

  it.each(ours)('%s is thrown by a function, or sent by the command', (name) => {
    expect(kindsThrown.has(name) || isSpelled(name)).toBe(true);
  });
});
