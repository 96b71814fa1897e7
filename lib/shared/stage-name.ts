import * as z from 'zod';

/** The name of a stage. It has no hyphen: names of alarms are read back, and hyphens part their stage, model and symptom. */
export const stageName = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,19}$/, 'use 1 to 20 lower-case letters and digits, a letter first');
