import { bringUp, deployedContexts } from '../../local/deploy-local.ts';
import { inspectEngine, stopEngine, withEngineLock } from '../../local/engine.ts';
import { engineEndpoint } from '../../local/engine-environment.ts';
import type { Context } from '../context.ts';
import { fields, lines, type Outcome } from '../outcome.ts';

export interface UpOptions {
  port?: number | undefined;
  auth?: boolean | undefined;
  models?: string | undefined;
  bake?: number | undefined;
  force?: boolean | undefined;
  /** False starts the engine alone. */
  deploy?: boolean | undefined;
}

/** Context values of the CDK app; what is not given stays as it was deployed last. */
export function contextsOf(options: UpOptions, before: Record<string, string>): Record<string, string> {
  return {
    ...before,
    ...(options.models === undefined ? {} : { models: options.models }),
    ...(options.bake === undefined ? {} : { bakeSeconds: String(options.bake) }),
  };
}

/** Starts the engine and deploys what changed. */
export async function up(context: Context, options: UpOptions): Promise<Outcome> {
  const { home, progress } = context;
  return withEngineLock(home, progress, async () => {
    const wasRunning = (await inspectEngine(home)).state === 'running';
    const { engine, deployment } = await bringUp(
      home,
      {
        ...options,
        contexts: contextsOf(options, deployedContexts(home)),
        force: options.force ?? false,
        deploy: options.deploy ?? true,
      },
      progress,
    );
    const endpoint = engineEndpoint(engine.port);
    const seconds = Number(deployment.seconds.toFixed(1));
    return {
      data: {
        engine: { ...engine, endpoint, wasRunning },
        deployed: deployment.deployed,
        deploySeconds: seconds,
      },
      view: [
        fields(
          ['engine', `${endpoint} (process ${engine.pid}${engine.auth ? ', IAM checks on' : ''})`],
          [
            'stack',
            deployment.deployed
              ? `deployed in ${seconds} s`
              : options.deploy === false
                ? 'left as it is'
                : 'unchanged',
          ],
          ['log', home.engineLog],
        ),
      ],
    };
  });
}

/** Stops the engine; its state is kept for the next start. */
export async function down(context: Context): Promise<Outcome> {
  const { home, progress } = context;
  return withEngineLock(home, progress, async () => {
    const outcome = await stopEngine(home, progress);
    const text = outcome.stopped
      ? `engine stopped${outcome.forced ? ' by force: it did not end when asked' : ''}; its state is kept in ${home.state}`
      : 'the engine does not run';
    return { data: outcome, view: [lines(text)] };
  });
}
