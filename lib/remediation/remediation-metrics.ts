import { metricLine } from '../shared/embedded-metrics.ts';
import type { Judged } from './remediator.ts';

/** The metrics of a judgement as log lines: how many alarms led to which action, and how many call for a person. */
export function metricsOf({ model, action, page, isRepeat }: Judged, at: Date): string[] {
  if (isRepeat) return [];
  const one = { value: 1, unit: 'Count' } as const;
  const byAction = metricLine(at, { model: model ?? 'none', action }, [['model', 'action']], {
    AlarmsJudged: one,
  });
  const called = { AlarmsForPeople: { value: page ? 1 : 0, unit: 'Count' } } as const;
  return [byAction, metricLine(at, {}, [[]], called)];
}
