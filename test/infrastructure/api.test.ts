import { describe, expect, it } from 'vitest';
import { stageNamed } from '../../lib/platform/stage.ts';
import { Synthesised, stages, synthesised } from './synthesised.ts';

describe.each(stages)('the API of stage %s', (stage) => {
  const made = synthesised(stage);
  const methods = made.ofType('AWS::ApiGateway::Method').map(([, { Properties }]) => Properties);

  it('logs every access as JSON, traced and throttled', () => {
    const [[, live] = []] = made.ofType('AWS::ApiGateway::Stage');
    expect(live?.Properties.TracingEnabled).toBe(true);
    expect(JSON.parse(live?.Properties.AccessLogSetting.Format)).toMatchObject({
      requestId: '$context.requestId',
    });
    expect(live?.Properties.AccessLogSetting.DestinationArn).toBeDefined();
    const [settings] = live?.Properties.MethodSettings ?? [];
    expect(settings).toMatchObject({ MetricsEnabled: true, LoggingLevel: 'ERROR', DataTraceEnabled: false });
    expect(settings.ThrottlingRateLimit).toBeGreaterThan(0);
  });

  it('hands tensors in binary on as they are', () => {
    const [[, api] = []] = made.ofType('AWS::ApiGateway::RestApi');
    expect(api?.Properties.BinaryMediaTypes).toEqual(['application/octet-stream']);
  });

  it('asks every caller for a key', () => {
    expect(methods).toHaveLength(15);
    for (const method of methods) expect(method.ApiKeyRequired).toBe(true);
  });

  it('has its routes answered by the functions that they belong to', () => {
    const pathOf = (id: string): string => {
      const { ParentId, PathPart } = made.resources[id]?.Properties ?? {};
      return PathPart === undefined ? '' : `${pathOf(ParentId.Ref ?? '')}/${PathPart}`;
    };
    const answers = new Map(
      methods.map(({ HttpMethod, ResourceId, Integration }) => [
        `${HttpMethod} ${pathOf(ResourceId.Ref ?? '')}`,
        /(\w+?)[0-9A-F]{8}/.exec(JSON.stringify(Integration.Uri).replaceAll('EvergreenMonitoring', ''))?.[1],
      ]),
    );
    expect(answers.get('POST /models/{model}/captures')).toBe('TakeCaptures');
    expect(answers.get('POST /models/{model}/feedback')).toBe('ServeFeedback');
    expect(answers.get('GET /predictions/{id}')).toBe('ServeFeedback');
  });

  it('checks every request before a function sees it', () => {
    const [[, validator] = []] = made.ofType('AWS::ApiGateway::RequestValidator');
    expect(validator?.Properties).toMatchObject({
      ValidateRequestBody: true,
      ValidateRequestParameters: true,
    });
    for (const method of methods) {
      expect(method.RequestValidatorId).toBeDefined();
      if (method.HttpMethod === 'POST') expect(method.RequestModels['application/json']).toBeDefined();
    }
  });

  it('limits every key by a plan', () => {
    made.template.resourceCountIs('AWS::ApiGateway::UsagePlanKey', 1);
    made.template.hasResourceProperties('AWS::ApiGateway::UsagePlan', {
      Throttle: { RateLimit: 500, BurstLimit: 1000 },
      Quota: { Limit: 10_000_000, Period: 'MONTH' },
    });
  });

  it('tells its own refusals as problem documents', () => {
    const refusals = made.ofType('AWS::ApiGateway::GatewayResponse').map(([, { Properties }]) => Properties);
    const types = refusals.map(({ ResponseType }) => ResponseType);
    expect(types).toEqual(
      expect.arrayContaining(['DEFAULT_4XX', 'DEFAULT_5XX', 'WAF_FILTERED', 'THROTTLED']),
    );
    for (const { ResponseTemplates, ResponseParameters, StatusCode } of refusals) {
      const problem = JSON.parse(ResponseTemplates['application/json']);
      expect(problem).toMatchObject({
        type: expect.stringMatching(/^urn:evergreen:error:[a-z-]+$/),
        instance: '$context.requestId',
      });
      expect(problem.status).toBe(StatusCode === undefined ? undefined : Number(StatusCode));
      expect(ResponseParameters['gatewayresponse.header.content-type']).toBe("'application/problem+json'");
      const mayRetry = ['429', '503'].includes(StatusCode);
      expect('gatewayresponse.header.retry-after' in ResponseParameters).toBe(mayRetry);
    }
  });

  it(`has ${stage === 'aws' ? 'a' : 'no'} firewall before it`, () => {
    const count = stage === 'aws' ? 1 : 0;
    made.template.resourceCountIs('AWS::WAFv2::WebACL', count);
    made.template.resourceCountIs('AWS::WAFv2::WebACLAssociation', count);
  });
});

describe('the firewall on AWS', () => {
  const [[, acl] = []] = synthesised('aws').ofType('AWS::WAFv2::WebACL');

  it('holds the rules of AWS against known bad requests, and a limit for each address', () => {
    const rules = acl?.Properties.Rules.map(({ Name }: { Name: string }) => Name);
    expect(rules).toEqual([
      'AWSManagedRulesAmazonIpReputationList',
      'AWSManagedRulesKnownBadInputsRuleSet',
      'PerAddress',
    ]);
  });
});

describe('an API with IAM authorisation', () => {
  it('takes signed requests in the place of keys', () => {
    const made = new Synthesised(stageNamed('signed', { apiAuthorization: 'iam' }));
    for (const [, { Properties }] of made.ofType('AWS::ApiGateway::Method')) {
      expect(Properties.AuthorizationType).toBe('AWS_IAM');
      expect(Properties.ApiKeyRequired ?? false).toBe(false);
    }
    made.template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'MISSING_AUTHENTICATION_TOKEN',
      StatusCode: '403',
    });
  });
});
