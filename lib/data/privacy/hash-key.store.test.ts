import { createHmac } from 'node:crypto';
import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { hashKeyReader } from './hash-key.store.ts';

const kms = new KMSClient({ region: 'eu-central-1' });
const mock = mockClient(kms);

describe('hashKeyReader', () => {
  it('asks once for the key of a model and a name, and gives each its own', async () => {
    mock.reset();
    mock.on(GenerateMacCommand).callsFake(({ Message }) => ({
      Mac: createHmac('sha256', 'root').update(Message).digest(),
    }));
    const read = hashKeyReader(kms, 'arn:key');
    const [first, again, other, ofOther] = await Promise.all([
      read('loans', '1'),
      read('loans', '1'),
      read('loans', '2'),
      read('films', '1'),
    ]);
    expect(again).toBe(first);
    expect(new Set([first, other, ofOther].map((key) => Buffer.from(key).toString('hex'))).size).toBe(3);
    expect(mock.commandCalls(GenerateMacCommand)).toHaveLength(3);
    expect(mock.commandCalls(GenerateMacCommand)[0]?.args[0].input).toMatchObject({
      KeyId: 'arn:key',
      MacAlgorithm: 'HMAC_SHA_256',
    });
  });

  it('says which action was refused, and asks again the next time', async () => {
    mock.reset();
    const refusal = Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' });
    mock
      .on(GenerateMacCommand)
      .rejectsOnce(refusal)
      .resolvesOnce({})
      .resolves({ Mac: new Uint8Array(32) });
    const read = hashKeyReader(kms, 'arn:key');
    await expect(read('loans', '1')).rejects.toMatchObject({
      code: 'hash-key-unavailable',
      message: 'kms:GenerateMac was not answered: AccessDeniedException: not authorized',
    });
    await expect(read('loans', '1')).rejects.toThrow('answered without what was asked for');
    expect(await read('loans', '1')).toHaveLength(32);
  });
});
