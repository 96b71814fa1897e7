import { CommanderError } from 'commander';
import { confirmOn } from './confirm.ts';
import { contextFor, type GlobalOptions } from './context.ts';
import { exitCodeOf, failureOf, renderFailure, usageFailure } from './failure.ts';
import type { Outcome } from './outcome.ts';
import { buildProgram } from './program.ts';
import { type ProgressOutput, progressLine } from './progress-line.ts';
import { render } from './render.ts';

/** The outside of the command, as a test or the terminal gives it. */
export interface Terminal {
  stdin: NodeJS.ReadStream;
  stdout: { write(text: string): unknown };
  stderr: ProgressOutput;
  takeInterrupt(): AbortSignal;
}

/** Runs one command line and returns its exit code. Never throws. */
export async function main(args: string[], terminal: Terminal): Promise<number> {
  const json = args.includes('--json');
  const line = progressLine(terminal.stderr);
  let code = 0;
  const execute = async (
    options: GlobalOptions,
    run: (context: ReturnType<typeof contextFor>) => Promise<Outcome>,
  ) => {
    const publish = (outcome: Outcome) => {
      line.clear();
      terminal.stdout.write(render(outcome, json));
    };
    const context = contextFor(options, {
      publish,
      progress: line.progress,
      confirm: confirmOn(terminal.stdin, terminal.stderr, options.yes === true),
      takeInterrupt: terminal.takeInterrupt,
    });
    const outcome = await run(context);
    if (outcome.isPublished !== true) publish(outcome);
    code = outcome.exitCode ?? 0;
  };
  const program = buildProgram(execute);
  try {
    await program.parseAsync(args.length === 0 ? ['--help'] : args, { from: 'user' });
    return code;
  } catch (thrown) {
    line.clear();
    const error = thrown instanceof CommanderError ? usageFailure(thrown) : thrown;
    if (error === undefined) return 0;
    const failure = failureOf(error);
    (json ? terminal.stdout : terminal.stderr).write(renderFailure(failure, json));
    return exitCodeOf(failure);
  }
}
