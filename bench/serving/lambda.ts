import { prices } from '../../lib/shared/prices.ts';
import { type Clone, withClone } from '../clone.ts';
import { type Figure, figure, median } from '../figures.ts';
import {
  deployedTemplate,
  functionSizes,
  measureSession,
  measureStarts,
  measureWarm,
} from '../predict-function.ts';
import { idleResourcesOf, type LambdaDoor, priceOf } from '../price.ts';

const rounds = 7;
/** Lambda gives a whole processor at this size, and less in proportion. */
const wholeProcessorMib = 1769;
const sizes = [512, 1024, wholeProcessorMib];
/** One request in a thousand meets a new process: no published figure, stated beside the prices. */
const startedShare = 0.001;

/** The function's process outside the engine: its start in parts, a warm call, and what a million of them cost. */
export function measureLambda(model: string, coreMs: number, say: (line: string) => void): Promise<Figure[]> {
  return withClone(say, async (clone) => {
    await clone.start();
    await clone.up();
    const { bundleMb, layerMb } = functionSizes(clone.folder);
    say(`function ${bundleMb.toFixed(1)} MB, layer ${layerMb.toFixed(1)} MB, unpacked`);
    const starts = await measureStarts(clone, rounds);
    const of = (member: keyof (typeof starts)[number]) => starts.map((each) => each[member]);
    const session = await measureSession(clone, model);
    say(
      `start: runtime ${median(of('runtimeMs')).toFixed(0)} ms, initialisation with registry and package ` +
        `${median(of('initMs')).toFixed(0)} ms (of which importing onnxruntime ${session.importMs.toFixed(0)} ms, ` +
        `session ${session.sessionMs.toFixed(0)} ms, first run ${session.runMs.toFixed(1)} ms), ` +
        `first answer ${median(of('firstMs')).toFixed(1)} ms`,
    );
    const warm = await measureWarm(clone);
    say(
      `warm call, captured and traced: p50 ${warm.p50.toFixed(3)} ms, p99 ${warm.p99.toFixed(3)} ms, ` +
        `${warm.memoryMb.toFixed(0)} MB, ${warm.logBytes.toFixed(0)} bytes of log`,
    );
    const startMs = median(of('initMs')) + median(of('firstMs'));
    tellPrices(clone, { ...warm, startMs }, say);
    return [
      figure('function, start of the process to first answer', of('totalMs'), 'ms', 400),
      figure('function, warm call beyond the core, p99', [warm.p99 - coreMs], 'ms', 1),
    ];
  });
}

function tellPrices(
  clone: Clone,
  measured: { p50: number; startMs: number; logBytes: number; replyBytes: number },
  say: (line: string) => void,
): void {
  const { p50, startMs, logBytes, replyBytes } = measured;
  const door = (memoryMib: number): LambdaDoor => {
    const share = Math.min(1, memoryMib / wholeProcessorMib);
    return {
      architecture: 'arm64',
      memoryMib,
      billedMs: p50 / share,
      startMs: startMs / share,
      startedShare,
      // The gateway's own line beside them.
      logBytes: logBytes + 500,
      capturedShare: 1,
      capture: { perDelivery: 10, memoryMib: 512, billedMs: 100, receiptBytes: logBytes },
      tracedShare: 0.05,
      idle: idleResourcesOf(deployedTemplate(clone.folder)),
      customMetrics: 10,
    };
  };
  const options = (memoryMib: number) => ({
    lambda: door(memoryMib),
    requestBytes: 300,
    replyBytes,
    realTime: { instance: 'ml.t3.medium' as const, count: 2 },
    serverless: { memoryGb: 1, billedMs: 5 },
    fargate: { architecture: 'arm64' as const, vcpu: 0.25, memoryGb: 0.5, tasks: 2 },
  });
  for (const memoryMib of sizes) {
    const [own] = priceOf(options(memoryMib));
    const compute = own?.parts.find(({ what }) => what === 'Lambda, compute')?.perMillion ?? Number.NaN;
    const { billedMs, startMs: started } = door(memoryMib);
    say(
      `${memoryMib} MiB: a million predictions ${compute.toFixed(3)} USD of computing, a warm call ${billedMs.toFixed(2)} ms, a new process ${started.toFixed(0)} ms (by Lambda's share of a processor)`,
    );
  }
  say(`prices of ${prices.region}, lib/shared/prices.json:`);
  for (const { name, perMillion, idleMonth, notes } of priceOf(options(wholeProcessorMib))) {
    say(
      `${name}: ${perMillion.toFixed(2)} USD a million predictions, ${idleMonth.toFixed(2)} USD an idle month; ${notes.join('; ')}`,
    );
  }
}
