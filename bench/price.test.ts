import { describe, expect, it } from 'vitest';
import { prices } from '../lib/shared/prices.ts';
import { idleResourcesOf, type PriceOptions, priceOf } from './price.ts';

const options: PriceOptions = {
  lambda: {
    architecture: 'arm64',
    memoryMib: 1024,
    billedMs: 2.1,
    startMs: 200,
    startedShare: 0.01,
    logBytes: 1000,
    capturedShare: 0.5,
    capture: { perDelivery: 10, memoryMib: 512, billedMs: 100, receiptBytes: 1500 },
    tracedShare: 0.05,
    idle: {
      keys: 2,
      alarmMetrics: 10,
      fastAlarmMetrics: 3,
      dashboards: 1,
      firewalls: 1,
      firewallRules: 3,
    },
    customMetrics: 12,
  },
  requestBytes: 300,
  replyBytes: 200,
  realTime: { instance: 'ml.t3.medium', count: 2 },
  serverless: { memoryGb: 1, billedMs: 5 },
  fargate: { architecture: 'x64', vcpu: 0.25, memoryGb: 0.5, tasks: 2 },
};

function billOf(name: string, given = options) {
  const found = priceOf(given).find((each) => each.name.includes(name));
  if (!found) throw new Error(`no price of ${name}`);
  return { ...found, of: (what: string) => found.parts.find((each) => each.what === what) };
}

describe('priceOf', () => {
  it('bills our door by request, whole milliseconds and what is kept', () => {
    const { of, perMillion, idleMonth } = billOf('Lambda');
    expect(of('API Gateway, REST')?.perMillion).toBeCloseTo(3.5);
    expect(of('Lambda, requests')?.perMillion).toBeCloseTo(0.2);
    // 1 GB × 3 ms × 990,000, and 200 ms × 10,000.
    expect(of('Lambda, compute')?.perMillion).toBeCloseTo((2970 + 2000) * 0.0000133334);
    expect(of('logs')?.perMillion).toBeCloseTo(0.5);
    expect(of('traces')?.perMillion).toBeCloseTo(0.25);
    // 50,000 deliveries of 0.05 GB-seconds.
    expect(of('captures: Lambda, compute')?.perMillion).toBeCloseTo(2500 * 0.0000133334);
    expect(of('captures: objects')?.perMillion).toBeCloseTo(0.25);
    // Two units for each of half a million receipts.
    expect(of('captures: receipts')?.perMillion).toBeCloseTo(0.625);
    expect(of('firewall, requests')?.perMillion).toBeCloseTo(0.6);
    expect(of('metrics')?.perMillion).toBeCloseTo(3.6);
    expect(idleMonth).toBeCloseTo(2 + 1 + 0.9 + 3 + 5 + 3);
    expect(perMillion).toBeCloseTo(
      3.5 + 0.2 + 0.066 + 0.5 + 0.25 + 0.01 + 0.033 + 0.25 + 0.625 + 0.6 + 3.6,
      1,
    );
  });

  it('leaves out what is not there', () => {
    const idle = { ...options.lambda.idle, firewalls: 0, firewallRules: 0 };
    const { of } = billOf('Lambda', { ...options, lambda: { ...options.lambda, capturedShare: 0, idle } });
    for (const what of ['firewall', 'firewall, requests', 'captures: objects', 'captures: receipts']) {
      expect(of(what)).toBeUndefined();
    }
  });

  it('bills x64 more than arm64', () => {
    const x64 = billOf('Lambda', { ...options, lambda: { ...options.lambda, architecture: 'x64' } });
    expect(x64.of('Lambda, compute')?.perMillion).toBeCloseTo((2970 + 2000) * 0.0000166667);
  });

  it('bills instances by the hour, however little is asked', () => {
    const { idleMonth, perMillion } = billOf('real-time');
    expect(idleMonth).toBeCloseTo(2 * 730 * 0.05);
    expect(perMillion).toBeCloseTo(0.5 * 0.016);
    const m5 = billOf('real-time', { ...options, realTime: { instance: 'ml.m5.large', count: 1 } });
    expect(m5.idleMonth).toBeCloseTo(730 * 0.115);
    expect(m5.notes.join()).toContain('one instance');
  });

  it('bills serverless endpoints by what they answer alone', () => {
    const { idleMonth, perMillion } = billOf('serverless');
    expect(idleMonth).toBe(0);
    expect(perMillion).toBeCloseTo(5000 * 0.00002 + 0.5 * 0.016);
  });

  it('bills tasks with the load balancer before them', () => {
    const { idleMonth, perMillion } = billOf('Fargate');
    expect(idleMonth).toBeCloseTo(730 * (2 * (0.25 * 0.04048 + 0.5 * 0.004445) + 0.0225 + 2 * 0.005));
    expect(perMillion).toBeCloseTo(0.5 * 0.008);
    const arm = billOf('Fargate', { ...options, fargate: { ...options.fargate, architecture: 'arm64' } });
    expect(arm.of('vCPU')?.idleMonth).toBeCloseTo(730 * 2 * 0.25 * 0.03238);
  });

  it('adds up its parts', () => {
    for (const { parts, perMillion, idleMonth } of priceOf(options)) {
      expect(parts.reduce((sum, each) => sum + each.perMillion, 0)).toBeCloseTo(perMillion);
      expect(parts.reduce((sum, each) => sum + each.idleMonth, 0)).toBeCloseTo(idleMonth);
      expect(parts.every(({ perMillion: a, idleMonth: b }) => a >= 0 && b >= 0)).toBe(true);
    }
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %s as a figure', (billedMs) => {
    const wrong = { ...options, lambda: { ...options.lambda, billedMs } };
    expect(() => priceOf(wrong)).toThrow(/options\.lambda\.billedMs is/);
  });

  it('refuses deliveries of nothing', () => {
    const capture = { ...options.lambda.capture, perDelivery: 0 };
    expect(() => priceOf({ ...options, lambda: { ...options.lambda, capture } })).toThrow(/perDelivery/);
  });
});

describe('the price table', () => {
  it('says of every price where it is published, and when and where it was read, or that it was not', () => {
    for (const [name, { page, readOn, source }] of Object.entries(prices.prices)) {
      expect(page, name).not.toBe('');
      expect(readOn === null, name).toBe(source === null);
    }
  });
});

describe('idleResourcesOf', () => {
  const alarm = (Properties: object) => ({ Type: 'AWS::CloudWatch::Alarm', Properties });

  it('counts what is billed by the month', () => {
    const Resources = {
      a: { Type: 'AWS::KMS::Key', Properties: {} },
      b: { Type: 'AWS::WAFv2::WebACL', Properties: { Rules: [1, 2, 3] } },
      c: { Type: 'AWS::CloudWatch::Dashboard', Properties: {} },
      d: alarm({ Period: 300 }),
      e: alarm({ Period: 10 }),
      f: alarm({
        Metrics: [{ Expression: 'a/b' }, { MetricStat: { Period: 60 } }, { MetricStat: { Period: 60 } }],
      }),
      g: { Type: 'AWS::S3::Bucket', Properties: {} },
    };
    expect(idleResourcesOf({ Resources })).toEqual({
      keys: 1,
      alarmMetrics: 3,
      fastAlarmMetrics: 1,
      dashboards: 1,
      firewalls: 1,
      firewallRules: 3,
    });
  });
});
