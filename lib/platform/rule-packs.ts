import { type App, CloudFormationValidatePlugin, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';

/** Holds every stack of an app to CloudFormation's own rules, to AWS Solutions' and to those of serverless applications. */
export function addRulePacks(app: App): void {
  Validations.of(app).addPlugins(
    new CloudFormationValidatePlugin(),
    new AwsSolutionsChecks(app),
    new ServerlessChecks(app),
  );
}
