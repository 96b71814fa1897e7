import * as z from 'zod';
import { type PriceName, prices, usdOf } from '../lib/shared/prices.ts';

/*
 * What predictions cost, from the dated table of lib/shared/prices.json. A month costs `idleMonth`, and `perMillion` for each million
 * predictions on top. Free tiers, savings plans, data transfer out and taxes are left out everywhere.
 */

/** One line of a bill, in dollars. */
export interface PricePart {
  what: string;
  from: PriceName;
  perMillion: number;
  idleMonth: number;
}

export interface Price {
  name: string;
  /** What a million predictions cost, beside what the month costs anyway. */
  perMillion: number;
  /** A month in which nobody asks. */
  idleMonth: number;
  parts: PricePart[];
  /** What is assumed, and what is left out. */
  notes: string[];
}

type Architecture = 'x64' | 'arm64';

export interface LambdaDoor {
  architecture: Architecture;
  memoryMib: number;
  /** Of one request in a process that has answered before, in ms. */
  billedMs: number;
  /** Of the first request of a process, in ms; its initialisation is billed too. */
  startMs: number;
  /** Requests that start a process. */
  startedShare: number;
  /** Of one request: the function's own lines and the gateway's access log. */
  logBytes: number;
  /** Share of answers that are kept; the others write no record. */
  capturedShare: number;
  capture: {
    /** Log lines that one call of the recording function brings. */
    perDelivery: number;
    memoryMib: number;
    billedMs: number;
    /** Of one receipt in the table. */
    receiptBytes: number;
  };
  /** Requests that are traced. */
  tracedShare: number;
  /** Billed by the month whether or not anybody asks; {@link idleResourcesOf} counts them. */
  idle: IdleResources;
  /** Metrics that requests write; billed in hours with requests, and here as if there were some in every hour. */
  customMetrics: number;
}

export interface IdleResources {
  keys: number;
  alarmMetrics: number;
  fastAlarmMetrics: number;
  dashboards: number;
  firewalls: number;
  firewallRules: number;
}

export interface PriceOptions {
  lambda: LambdaDoor;
  /** Bytes of a request and of its reply. */
  requestBytes: number;
  replyBytes: number;
  realTime: { instance: 'ml.t3.medium' | 'ml.m5.large'; count: number };
  /** Serverless endpoints have 1, 2, 3, 4, 5 or 6 GB. */
  serverless: { memoryGb: number; billedMs: number };
  fargate: { architecture: Architecture; vcpu: number; memoryGb: number; tasks: number };
}

const million = 1_000_000;
const gb = 1e9;
const gib = 1024;

/** A part of which so many units are used by each request, and so many in each month. */
function part(what: string, from: PriceName, units: { request?: number; month?: number }): PricePart {
  const usd = usdOf(from);
  return {
    what,
    from,
    perMillion: usd * (units.request ?? 0) * million,
    idleMonth: usd * (units.month ?? 0),
  };
}

function sum(name: string, parts: PricePart[], notes: string[]): Price {
  const used = parts.filter(({ perMillion, idleMonth }) => perMillion > 0 || idleMonth > 0);
  const total = (member: 'perMillion' | 'idleMonth') => used.reduce((all, each) => all + each[member], 0);
  return { name, perMillion: total('perMillion'), idleMonth: total('idleMonth'), parts: used, notes };
}

/** Lambda bills whole milliseconds. */
const gbSeconds = (memoryMib: number, ms: number) => (memoryMib / gib) * (Math.ceil(ms) / 1000);

function lambdaPrice(door: LambdaDoor): Price {
  const {
    architecture,
    memoryMib,
    billedMs,
    startMs,
    startedShare,
    logBytes,
    capturedShare,
    capture,
    tracedShare,
    idle,
  } = door;
  const compute = architecture === 'x64' ? 'lambdaX64' : 'lambdaArm64';
  const deliveries = capturedShare / capture.perDelivery;
  const writes = capturedShare * Math.ceil(capture.receiptBytes / 1024);
  return sum(
    `Evergreen on Lambda (${architecture}, ${memoryMib} MiB)`,
    [
      part('API Gateway, REST', 'restApiRequest', { request: 1 }),
      part('Lambda, requests', 'lambdaRequest', { request: 1 }),
      part('Lambda, compute', compute, {
        request:
          (1 - startedShare) * gbSeconds(memoryMib, billedMs) + startedShare * gbSeconds(memoryMib, startMs),
      }),
      part('logs', 'logsIngested', { request: logBytes / gb }),
      part('traces', 'trace', { request: tracedShare }),
      part('captures: Lambda, requests', 'lambdaRequest', { request: deliveries }),
      part('captures: Lambda, compute', compute, {
        request: deliveries * gbSeconds(capture.memoryMib, capture.billedMs),
      }),
      part('captures: objects', 'objectPut', { request: deliveries }),
      part('captures: receipts', 'tableWrite', { request: writes }),
      part('firewall, requests', 'firewallRequest', { request: Math.min(1, idle.firewalls) }),
      // Of a month with requests in every hour; none of it is due in a month without.
      part('metrics', 'customMetric', { request: door.customMetrics / million }),
      part('keys', 'key', { month: idle.keys }),
      part('alarms', 'alarm', { month: idle.alarmMetrics }),
      part('alarms within a minute', 'fastAlarm', { month: idle.fastAlarmMetrics }),
      part('dashboards', 'dashboard', { month: idle.dashboards }),
      part('firewall', 'firewall', { month: idle.firewalls }),
      part('firewall, rules', 'firewallRule', { month: idle.firewallRules }),
    ],
    [
      'with keys, usage plan, captures, receipts, metrics, alarms, traces and web firewall',
      'metrics are counted once for a million predictions: as if they came spread over one month',
    ],
  );
}

function realTimePrice({ realTime, requestBytes, replyBytes }: PriceOptions): Price {
  const { instance, count } = realTime;
  const from = instance === 'ml.t3.medium' ? 'endpointT3Medium' : 'endpointM5Large';
  return sum(
    `SageMaker real-time (${count} × ${instance})`,
    [
      part('instances', from, { month: count * prices.hoursPerMonth }),
      part('data', 'endpointData', { request: (requestBytes + replyBytes) / gb }),
    ],
    [
      count > 1
        ? `${count} instances, so that one may fail`
        : 'one instance: when it fails nobody answers until another has begun',
      'callers sign with IAM; without keys, captures, receipts and firewall',
    ],
  );
}

function serverlessPrice({ serverless, requestBytes, replyBytes }: PriceOptions): Price {
  const { memoryGb, billedMs } = serverless;
  return sum(
    `SageMaker serverless (${memoryGb} GB)`,
    [
      part('inference', 'serverlessInference', { request: memoryGb * (Math.ceil(billedMs) / 1000) }),
      part('data', 'endpointData', { request: (requestBytes + replyBytes) / gb }),
    ],
    [
      'callers sign with IAM; without keys, captures, receipts and firewall',
      'it has neither shadow nor canary, nor data capture',
    ],
  );
}

function fargatePrice({ fargate, requestBytes, replyBytes }: PriceOptions): Price {
  const { architecture, vcpu, memoryGb, tasks } = fargate;
  const [cpu, memory]: [PriceName, PriceName] =
    architecture === 'x64'
      ? ['fargateX64Cpu', 'fargateX64Memory']
      : ['fargateArm64Cpu', 'fargateArm64Memory'];
  const hours = tasks * prices.hoursPerMonth;
  return sum(
    `Fargate (${tasks} × ${vcpu} vCPU, ${memoryGb} GB, ${architecture})`,
    [
      part('vCPU', cpu, { month: vcpu * hours }),
      part('memory', memory, { month: memoryGb * hours }),
      part('load balancer', 'loadBalancer', { month: prices.hoursPerMonth }),
      part('load balancer, its addresses', 'publicAddress', { month: 2 * prices.hoursPerMonth }),
      // A unit is a gigabyte in an hour; connections that are kept open stay far below its other measures.
      part('load balancer, units', 'loadBalancerUnit', { request: (requestBytes + replyBytes) / gb }),
    ],
    [
      'with an application load balancer in two zones; tasks without public addresses of their own',
      'logs, captures, receipts and firewall are left out',
    ],
  );
}

/** The same predictions at four doors. @throws RangeError when a figure is not a number from 0 on. */
export function priceOf(options: PriceOptions): Price[] {
  requireFigures(options, 'options');
  const { perDelivery } = options.lambda.capture;
  if (perDelivery === 0)
    throw new RangeError('options.lambda.capture.perDelivery is 0; at least one line comes');
  return [
    lambdaPrice(options.lambda),
    realTimePrice(options),
    serverlessPrice(options),
    fargatePrice(options),
  ];
}

function requireFigures(value: unknown, name: string): void {
  if (typeof value === 'object' && value !== null) {
    for (const [member, each] of Object.entries(value)) requireFigures(each, `${name}.${member}`);
  } else if (typeof value === 'number' && !(Number.isFinite(value) && value >= 0)) {
    throw new RangeError(`${name} is ${value}; a number from 0 on is needed`);
  }
}

const template = z.object({
  Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.unknown() })),
});
const alarmProperties = z.object({
  Period: z.number().optional(),
  Metrics: z.array(z.object({ MetricStat: z.object({ Period: z.number() }).optional() })).optional(),
});
const firewallProperties = z.object({ Rules: z.array(z.unknown()).default([]) });

/**
 * What of a CloudFormation template is billed by the month. An alarm is billed for each metric that it reads, and more
 * when it looks more often than once a minute.
 */
export function idleResourcesOf(given: unknown): IdleResources {
  const { Resources } = template.parse(given);
  const ofType = (type: string) =>
    Object.values(Resources).flatMap(({ Type, Properties }) => (Type === type ? [Properties] : []));
  const periods = ofType('AWS::CloudWatch::Alarm').map((properties) => {
    const { Period = 60, Metrics } = alarmProperties.parse(properties);
    return Metrics ? Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Period] : [])) : [Period];
  });
  const count = (isFast: boolean) =>
    periods.filter((each) => each.some((period) => period < 60) === isFast).flat().length;
  const firewalls = ofType('AWS::WAFv2::WebACL').map((properties) => firewallProperties.parse(properties));
  return {
    keys: ofType('AWS::KMS::Key').length,
    alarmMetrics: count(false),
    fastAlarmMetrics: count(true),
    dashboards: ofType('AWS::CloudWatch::Dashboard').length,
    firewalls: firewalls.length,
    firewallRules: firewalls.flatMap(({ Rules }) => Rules).length,
  };
}
