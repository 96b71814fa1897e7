import { serveTrial } from '../../lib/inference/trial-run.ts';

/** Started by name as a process of its own; see lib/inference/trial.ts. */
serveTrial();
