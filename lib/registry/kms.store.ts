import { setTimeout } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import { backoffMs } from '../shared/backoff.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';

/** Any client of the SDK: its region, its credentials, its signer and its connections serve for KMS too. */
export type AwsClient = Pick<DynamoDBClient, 'config'>;

const failure = z.object({
  __type: z.string().default('UnknownError'),
  message: z.string().optional(),
  Message: z.string().optional(),
});

const attempts = 3;
const deadlineMs = 3000;

/** Where KMS answers: as the SDK's variables say, else at its regional address. */
function endpointOf(region: string): URL {
  const given = process.env.AWS_ENDPOINT_URL_KMS ?? process.env.AWS_ENDPOINT_URL;
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(given ?? `https://kms.${region}.${suffix}`);
}

interface Reply {
  status: number;
  body: unknown;
}

async function send({ config }: AwsClient, action: string, input: object): Promise<Reply> {
  const region = await config.region();
  const url = endpointOf(region);
  const signer = await config.signer({
    name: 'sigv4',
    signingName: 'kms',
    signingRegion: region,
    properties: {},
  });
  const request = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    path: '/',
    query: {},
    headers: {
      host: url.host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `TrentService.${action}`,
    },
    body: JSON.stringify(input),
  });
  const { response } = await config.requestHandler.handle(request, {
    abortSignal: AbortSignal.timeout(deadlineMs),
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return { status: response.statusCode, body: JSON.parse(text === '' ? '{}' : text) };
}

/**
 * Makes one call of AWS KMS. Throttling and broken connections are tried again.
 *
 * Source: AWS KMS API Reference; its wire format is JSON 1.1 with the target `TrentService.<Action>`.
 *
 * @throws EvergreenError `signing-key-unavailable` that names the action and what AWS said.
 */
export async function callKms<Schema extends z.ZodType>(
  client: AwsClient,
  action: 'GetPublicKey' | 'Sign',
  input: object,
  schema: Schema,
): Promise<z.infer<Schema>> {
  for (let attempt = 1; ; attempt += 1) {
    let said: string;
    let isFinal = false;
    try {
      const { status, body } = await send(client, action, input);
      if (status === 200) return schema.parse(body);
      const { __type, message, Message } = failure.parse(body);
      const name = __type.replace(/^.*#/, '');
      said = `${name}: ${message ?? Message ?? `status ${status}`}`;
      isFinal = status < 500 && !/Throttl|TooManyRequests|LimitExceeded/.test(name);
    } catch (thrown) {
      said = messageOf(thrown);
    }
    if (isFinal || attempt === attempts) {
      throw new EvergreenError('signing-key-unavailable', `kms:${action} was not answered: ${said}`);
    }
    await setTimeout(backoffMs(attempt));
  }
}
