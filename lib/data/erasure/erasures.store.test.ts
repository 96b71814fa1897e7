import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { erasureIdOf } from './erasures.store.ts';

describe('erasureIdOf', () => {
  const kms = new KMSClient({ region: 'eu-central-1' });
  const mock = mockClient(kms);

  it('is made by the key, for a model and a person', async () => {
    mock.on(GenerateMacCommand).resolves({ Mac: new Uint8Array(32).fill(0xab) });
    expect(await erasureIdOf(kms, 'arn:key', 'loans', 'ann')).toBe('ab'.repeat(16));
    const { Message = new Uint8Array() } = mock.commandCalls(GenerateMacCommand)[0]?.args[0].input ?? {};
    expect(JSON.parse(new TextDecoder().decode(Message))).toEqual(['evergreen/erasure/v1', 'loans', 'ann']);
  });

  it('is none where the key gives no hash', async () => {
    mock.on(GenerateMacCommand).resolves({});
    await expect(erasureIdOf(kms, 'arn:key', 'loans', 'ann')).rejects.toMatchObject({
      code: 'service-unavailable',
    });
  });
});
