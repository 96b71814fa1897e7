/** What long work tells while it goes on; the command decides how it is shown. `step` replaces the step before it. */
export type ProgressMessage = { kind: 'note' | 'step'; text: string };

export type Progress = (message: ProgressMessage) => void;
