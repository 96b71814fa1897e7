import { judgeCompliance } from '../compliance/judge-compliance.ts';
import { readDeploymentFacts } from '../compliance/read-deployment-facts.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { lines, type Outcome, table } from '../outcome.ts';

/** Clause by clause, what is on and off in what is deployed. It is no legal advice, and says so. */
export async function compliance(context: Context): Promise<Outcome> {
  const connection = await connect(context);
  context.progress({ kind: 'step', text: `reading the settings of ${connection.stack}` });
  const facts = await readDeploymentFacts(connection);
  const items = judgeCompliance(facts);
  const missing = items.filter(({ state }) => state === 'off' || state === 'partly');
  return {
    data: { stack: connection.stack, readAt: context.now().toISOString(), items, facts },
    view: [
      table(
        ['law', 'clause', 'demand', 'state'],
        items.map(({ law, clause, demand, state }) => [law, clause, demand, state]),
      ),
      ...missing.map(({ law, clause, evidence, remedy }) =>
        lines(
          `${law} ${clause}`,
          ...evidence.filter((each) => each.startsWith('no')).map((each) => `  ${each}`),
          `  ${remedy}`,
        ),
      ),
      ...(connection.target === 'local'
        ? [
            lines(
              'the local engine keeps no lifecycle rules, access logs, backups or times to live; on AWS the stack has them',
            ),
          ]
        : []),
      lines('this is what the stack shows, and no legal advice; `person` is what somebody must answer for'),
    ],
  };
}
