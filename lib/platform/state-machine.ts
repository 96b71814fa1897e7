import { join } from 'node:path';
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type IGrantable, Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { allow } from './grants.ts';
import { acknowledgeWildcard } from './nag-acknowledgements.ts';
import { packageRoot } from './package-root.ts';

const folder = join(packageRoot, 'statemachines');

const logsAndTraces =
  'The actions that deliver logs of Step Functions and send traces to X-Ray know no resources; AWS asks for this wildcard.';

const becauseExecutionsAreMany =
  'Executions get their names when they start; the right holds for those of one state machine.';

export interface AslStateMachineProps {
  /** The file below statemachines/. */
  readonly file: string;
  readonly comment: string;
  /** Functions by the name that the definition calls them; the machine may invoke these and no others. */
  readonly functions: Record<string, IFunction>;
  /** Further values the definition names. @default none */
  readonly substitutions?: Record<string, string>;
}

/** A state machine from its definition file, logged and traced. */
export class AslStateMachine extends StateMachine {
  constructor(scope: Construct, id: string, props: AslStateMachineProps) {
    const arns = Object.entries(props.functions).map(([name, lambda]) => [name, lambda.functionArn]);
    super(scope, id, {
      comment: props.comment,
      definitionBody: DefinitionBody.fromFile(`${folder}/${props.file}`),
      definitionSubstitutions: { ...Object.fromEntries(arns), ...props.substitutions },
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(scope, `${id}Log`, {
          logGroupName: `/aws/vendedlogs/states/${Stack.of(scope).stackName}-${scope.node.path.replaceAll('/', '-')}`,
          retention: RetentionDays.THREE_MONTHS,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: LogLevel.ALL,
        // Inputs hold references, not rows; still, what runs on whose data stays out of the log.
        includeExecutionData: false,
      },
    });
    const functions = Object.values(props.functions).map((lambda) => lambda.functionArn);
    if (functions.length > 0) allow(this, { actions: ['lambda:InvokeFunction'], resources: functions });
    acknowledgeWildcard(this, 'Resource', '*', logsAndTraces);
  }

  /**
   * What a Distributed Map needs: to start executions of its own machine, to see and to stop them.
   *
   * Source: https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
   */
  grantMapRuns(): void {
    // A policy of its own: the machine waits for its role's, which therefore cannot name the machine.
    new Policy(this, 'MapRuns', {
      roles: [this.role],
      statements: [
        new PolicyStatement({ actions: ['states:StartExecution'], resources: [this.stateMachineArn] }),
        new PolicyStatement({
          actions: ['states:DescribeExecution', 'states:StopExecution'],
          resources: [this.#executions()],
        }),
      ],
    });
    acknowledgeWildcard(this, 'Resource', this.#executions(), becauseExecutionsAreMany);
  }

  /** Rights on single executions, which get their names when they start. */
  grantExecutions(grantee: IGrantable, ...actions: string[]): void {
    allow(grantee, { actions, resources: [this.#executions()], because: becauseExecutionsAreMany });
  }

  #executions(): string {
    return Stack.of(this).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${this.stateMachineName}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}
