import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { executionArn, rolloutNameIn, timingsOf, trainingNameIn } from './run-history.ts';

const machine = 'arn:aws:states:us-east-1:000000000000:stateMachine:Rollout';

function event(seconds: number, rest: Partial<HistoryEvent>): HistoryEvent {
  return {
    id: seconds,
    type: 'TaskStateEntered',
    timestamp: new Date(seconds * 1000),
    ...rest,
  } as HistoryEvent;
}
const entered = (seconds: number, name: string) => event(seconds, { stateEnteredEventDetails: { name } });
const exited = (seconds: number, name: string) => event(seconds, { stateExitedEventDetails: { name } });

describe('timingsOf', () => {
  it('times each state, also one that is passed twice', () => {
    const events = [entered(0, 'Train'), exited(5, 'Train'), entered(5, 'Train'), exited(7, 'Train')];
    expect(timingsOf('pipeline', events, new Date(9000)).map(({ seconds }) => seconds)).toEqual([5, 2]);
  });

  it('times the items of a map, which are in one state at once', () => {
    const events = [
      ...[entered(0, 'TrainParty'), entered(1, 'TrainParty')],
      ...[exited(5, 'TrainParty'), exited(7, 'TrainParty')],
    ];
    const timings = timingsOf('training', events, new Date(9000));
    expect(timings.map(({ endedAt, seconds }) => [endedAt !== null, seconds])).toEqual([
      [true, 7],
      [true, 4],
    ]);
  });

  it('lets a state that is on last until now', () => {
    const [timing] = timingsOf('rollout', [entered(1, 'Bake')], new Date(4000));
    expect(timing).toMatchObject({ part: 'rollout', state: 'Bake', endedAt: null, seconds: 3 });
  });

  it('ends a state that failed with its execution', () => {
    const events = [entered(1, 'Train'), event(3, { type: 'ExecutionFailed' })];
    expect(timingsOf('pipeline', events, new Date(9000))[0]).toMatchObject({
      seconds: 2,
      endedAt: new Date(3000).toISOString(),
    });
  });
});

describe('rolloutNameIn', () => {
  it('is made of the run and the version it registered, once the rollout is on', () => {
    const output = JSON.stringify({ model: 'iris', version: 2 });
    const events = [event(1, { stateExitedEventDetails: { name: 'RegisterVersion', output } })];
    expect(rolloutNameIn(events, 'iris-1')).toBeUndefined();
    expect(rolloutNameIn([...events, entered(2, 'RollOut')], 'iris-1')).toBe('iris-1-v2-r0');
  });

  it('counts how often the run was redriven, for a used name is refused', () => {
    const output = JSON.stringify({ model: 'iris', version: 2 });
    const redriven = (seconds: number, redriveCount: number) =>
      event(seconds, { type: 'ExecutionRedriven', executionRedrivenEventDetails: { redriveCount } });
    const events = [
      event(1, { stateExitedEventDetails: { name: 'RegisterVersion', output } }),
      entered(2, 'RollOut'),
      redriven(3, 1),
      redriven(4, 2),
    ];
    expect(rolloutNameIn(events, 'iris-1')).toBe('iris-1-v2-r2');
  });

  it('knows a version that is rolled out again without a new training', () => {
    const exit = (name: string, output: unknown) =>
      event(1, { stateExitedEventDetails: { name, output: JSON.stringify(output) } });
    const events = [exit('PlanTraining', { outcome: 'reuse', version: 5 }), entered(2, 'RollOut')];
    expect(rolloutNameIn(events, 'iris-1')).toBe('iris-1-v5-r0');
  });
});

describe('trainingNameIn', () => {
  const redriven = (seconds: number, redriveCount: number) =>
    event(seconds, { type: 'ExecutionRedriven', executionRedrivenEventDetails: { redriveCount } });

  it('is made of the run, once it trains', () => {
    expect(trainingNameIn([entered(1, 'Tune')], 'iris-1')).toBeUndefined();
    expect(trainingNameIn([entered(1, 'Train')], 'iris-1')).toBe('iris-1-t-r0');
  });

  it('counts how often the run was redriven before it was over', () => {
    const again = [entered(1, 'Train'), redriven(2, 1)];
    expect(trainingNameIn(again, 'iris-1')).toBe('iris-1-t-r1');
    expect(trainingNameIn([...again, exited(3, 'Train'), redriven(4, 2)], 'iris-1')).toBe('iris-1-t-r1');
  });
});

describe('executionArn', () => {
  it('follows from the state machine and the name', () => {
    expect(executionArn(machine, 'iris-1')).toBe(
      'arn:aws:states:us-east-1:000000000000:execution:Rollout:iris-1',
    );
  });
});
