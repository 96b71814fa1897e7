import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  ApiKey,
  AuthorizationType,
  EndpointType,
  GatewayResponse,
  type IResource,
  JsonSchemaType,
  JsonSchemaVersion,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  type MethodOptions,
  Model,
  Period,
  RequestValidator,
  ResponseType,
  RestApi,
  UsagePlan,
} from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { Firewall } from './firewall.ts';
import { acknowledge } from './nag-acknowledgements.ts';
import type { StageSettings } from './stage.ts';

export interface HttpApiProps {
  readonly stage: StageSettings;
  readonly predict: IFunction;
  readonly feedback: IFunction;
  readonly captures: IFunction;
}

/**
 * What the gateway itself refuses, or cannot do, is told in the same form as what the functions refuse. Without a status
 * the gateway's own stays: the last line of the 4xx ones stands for all that have none of their own.
 */
const refusals: [ResponseType, number | undefined, string, string][] = [
  [ResponseType.BAD_REQUEST_BODY, 400, 'request-not-json', 'the body is not a JSON object'],
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, 404, 'route-unknown', 'the API has no such path or method'],
  [
    ResponseType.INVALID_API_KEY,
    403,
    'key-refused',
    'the x-api-key header is missing or its key is not valid',
  ],
  [ResponseType.ACCESS_DENIED, 403, 'key-refused', 'the caller may not do this'],
  [ResponseType.THROTTLED, 429, 'too-many-requests', 'too many requests; wait and try again'],
  [ResponseType.QUOTA_EXCEEDED, 429, 'too-many-requests', 'the quota of this key is used up'],
  [ResponseType.REQUEST_TOO_LARGE, 413, 'request-too-large', 'the body is over the limit of the gateway'],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, 415, 'media-type-unsupported', 'send application/json'],
  [ResponseType.INTEGRATION_TIMEOUT, 503, 'service-unavailable', 'no answer in time; try again'],
  [ResponseType.WAF_FILTERED, 403, 'request-refused', 'the web firewall refuses this request or its sender'],
  [ResponseType.DEFAULT_5XX, 503, 'service-unavailable', 'the function could not answer; try again'],
  [ResponseType.DEFAULT_4XX, undefined, 'request-refused', 'the gateway refuses this request'],
];

/** Callers who must sign are not told which paths there are. */
const unsigned: (typeof refusals)[number] = [
  ResponseType.MISSING_AUTHENTICATION_TOKEN,
  403,
  'key-refused',
  'the request is not signed, or the API has no such path or method',
];

/** The REST API of the product, with keys, a usage plan and access logs. */
export class HttpApi extends Construct {
  readonly api: RestApi;
  readonly key: ApiKey;
  readonly #methods: MethodOptions;

  constructor(scope: Construct, id: string, { stage, predict, feedback, captures }: HttpApiProps) {
    super(scope, id);
    const accessLog = new LogGroup(this, 'AccessLog', {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.api = new RestApi(this, 'Api', {
      restApiName: `evergreen-${stage.name}`,
      description: 'Predictions, feedback and receipts',
      endpointTypes: [EndpointType.REGIONAL],
      // Tensors in binary reach the function as they are; as text they would be damaged.
      binaryMediaTypes: ['application/octet-stream'],
      cloudWatchRole: true,
      deployOptions: {
        stageName: 'live',
        tracingEnabled: true,
        metricsEnabled: true,
        loggingLevel: MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        throttlingRateLimit: 1000,
        throttlingBurstLimit: 2000,
        accessLogDestination: new LogGroupLogDestination(accessLog),
        accessLogFormat: AccessLogFormat.jsonWithStandardFields(),
      },
    });
    const isSigned = stage.apiAuthorization === 'iam';
    for (const refusal of refusals)
      this.#refuse(...(isSigned && refusal[0] === unsigned[0] ? unsigned : refusal));

    const validator = new RequestValidator(this, 'Validator', {
      restApi: this.api,
      validateRequestBody: true,
      validateRequestParameters: true,
    });
    const object = new Model(this, 'JsonObject', {
      restApi: this.api,
      contentType: 'application/json',
      description: 'Any JSON object; the functions check what is in it and point at what is wrong',
      schema: { schema: JsonSchemaVersion.DRAFT4, type: JsonSchemaType.OBJECT },
    });
    this.#methods = {
      requestValidator: validator,
      ...(isSigned
        ? { authorizationType: AuthorizationType.IAM }
        : { authorizationType: AuthorizationType.NONE, apiKeyRequired: true }),
    };
    const body = { requestModels: { 'application/json': object } };

    const { root } = this.api;
    const model = root.addResource('models').addResource('{model}');
    this.#route(model.addResource('predict'), 'POST', predict, body);
    this.#route(model.addResource('explain'), 'POST', predict, body);
    this.#route(model.addResource('feedback'), 'POST', feedback, body);
    this.#route(model.addResource('captures'), 'POST', captures, body);
    this.#route(root.addResource('predictions').addResource('{id}'), 'GET', feedback);
    this.#route(root.addResource('openapi.json'), 'GET', predict);
    const v2 = root.addResource('v2');
    this.#route(v2, 'GET', predict);
    const health = v2.addResource('health');
    this.#route(health.addResource('live'), 'GET', predict);
    this.#route(health.addResource('ready'), 'GET', predict);
    const inferenceModel = v2.addResource('models').addResource('{model}');
    const version = inferenceModel.addResource('versions').addResource('{version}');
    for (const asked of [inferenceModel, version]) {
      this.#route(asked, 'GET', predict);
      this.#route(asked.addResource('ready'), 'GET', predict);
      this.#route(asked.addResource('infer'), 'POST', predict, body);
    }

    acknowledge(this.api, 'gatewayLogRole');
    acknowledge(root, isSigned ? 'signedMethod' : 'keyedMethod');

    this.key = new ApiKey(this, 'Key', { description: 'The first caller of the API' });
    const plan = new UsagePlan(this, 'Plan', {
      name: `evergreen-${stage.name}`,
      throttle: { rateLimit: 500, burstLimit: 1000 },
      quota: { limit: 10_000_000, period: Period.MONTH },
      apiStages: [{ api: this.api, stage: this.api.deploymentStage }],
    });
    plan.addApiKey(this.key);
    if (stage.firewall) new Firewall(this, 'Firewall', { stage, apiStage: this.api.deploymentStage });
    else if (stage.name === 'local') acknowledge(this.api.deploymentStage, 'loopbackApi');
  }

  #route(resource: IResource, method: string, lambda: IFunction, options: MethodOptions = {}): void {
    resource.addMethod(method, new LambdaIntegration(lambda), { ...this.#methods, ...options });
  }

  #refuse(type: ResponseType, status: number | undefined, code: string, detail: string): void {
    const problem = { type: `urn:evergreen:error:${code}`, title: code, ...(status && { status }), detail };
    const text = JSON.stringify(problem).replace(/}$/, ',"instance":"$context.requestId"}');
    new GatewayResponse(this, `Refusal-${type.responseType}`, {
      restApi: this.api,
      type,
      ...(status && { statusCode: String(status) }),
      templates: { 'application/json': text },
      responseHeaders: {
        'content-type': "'application/problem+json'",
        ...(status === 429 || status === 503 ? { 'retry-after': "'1'" } : {}),
      },
    });
  }
}
