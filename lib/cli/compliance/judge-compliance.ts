import type { DeploymentFacts } from './deployment-facts.ts';

/** One demand of a law, and how the deployment stands to it. */
export interface ComplianceItem {
  law: 'GDPR' | 'CCPA';
  clause: string;
  demand: string;
  /** `person` is what no deployment can show: somebody must answer for it. */
  state: 'on' | 'off' | 'partly' | 'person';
  /** What was read of the deployment. */
  evidence: string[];
  remedy: string | null;
}

interface Judged {
  state: ComplianceItem['state'];
  evidence: string[];
  remedy: string | null;
}

/** From single facts: all hold, none, or some. */
function allOf(remedy: string, ...facts: [holds: boolean, told: string][]): Judged {
  const holding = facts.filter(([holds]) => holds).length;
  const state = holding === facts.length ? 'on' : holding === 0 ? 'off' : 'partly';
  return {
    state,
    evidence: facts.map(([holds, told]) => `${holds ? 'yes' : 'no'}: ${told}`),
    remedy: state === 'on' ? null : remedy,
  };
}

const person = (demand: string): Judged => ({ state: 'person', evidence: [], remedy: demand });

/** Clause by clause, from what was read of the deployed stack. */
export function judgeCompliance({
  buckets,
  tables,
  keys,
  models,
  records,
}: DeploymentFacts): ComplianceItem[] {
  const redeploy = 'deploy the stack again: `npx evergreen deploy`; somebody changed it by hand';
  const each = <Item extends { name: string }>(
    items: readonly Item[],
    what: string,
    holds: (item: Item) => boolean,
  ): [boolean, string][] => items.map((item) => [holds(item), `${item.name} ${what}`]);
  const security = allOf(
    redeploy,
    ...each(buckets, 'is encrypted', ({ encryption }) => encryption !== null),
    ...each(buckets, 'answers over TLS alone', ({ isTlsOnly }) => isTlsOnly),
    ...each(buckets, 'blocks the public', ({ blocksPublic }) => blocksPublic),
    ...each(tables, 'is encrypted', ({ isEncrypted }) => isEncrypted),
  );
  const availability = allOf(
    redeploy,
    ...each(buckets, 'keeps versions', ({ isVersioned }) => isVersioned),
    ...each(tables, 'can be restored to any second', ({ isRestorable }) => isRestorable),
  );
  const limits = allOf(
    'name data.retention in the definition and deploy',
    [buckets.some(({ expires }) => expires.some((prefix) => prefix === 'captures/')), 'captures expire'],
    [tables.some(({ timeToLive }) => timeToLive !== null), 'receipts of predictions expire'],
    ...models.map(({ name, hasRetention, expiresUploads }): [boolean, string] => [
      hasRetention && expiresUploads,
      `uploads of ${name} expire by its definition`,
    ]),
  );
  const accessLogs = allOf(
    redeploy,
    ...each(
      buckets.filter(({ isForLogs }) => !isForLogs),
      'logs who reads it',
      ({ logsTo }) => logsTo !== null,
    ),
  );
  const erasure = allOf(
    'name privacy.subject, or one column of identity, in the definition; deploy',
    [keys.subject, 'the key for records of erasures is enabled'],
    ...models.map(({ name, subject }): [boolean, string] => [
      subject !== null,
      subject === null
        ? `${name} does not say whom a row is about`
        : `rows of ${name} are erased by ${subject}`,
    ]),
  );
  const minimised = allOf(
    'set data.checks.personalData.action, and the class of each feature, in the definition',
    ...models.flatMap(({ name, looksForPersonalData, undeclared }): [boolean, string][] => [
      [looksForPersonalData, `uploads of ${name} are looked through for personal data`],
      [
        undeclared.length === 0,
        undeclared.length === 0
          ? `${name} has no undeclared personal data in its newest dataset`
          : `${name} has undeclared personal data in ${undeclared.join(', ')}`,
      ],
    ]),
  );
  const pseudonyms = allOf(
    'drop, hash, mask or generalise features, and set privacy.anonymity, in the definition',
    ...models.map(({ name, isProtected }): [boolean, string] => [
      isProtected,
      `${name} drops, hashes, masks, generalises or has no personal features`,
    ]),
  );
  // Whether all that was done is on record is nothing that the deployment can know.
  const recorded: Judged = {
    ...person('keep the register of processing beside the records below erasures/ and certificates/'),
    evidence: [`${records.erasures} erasures and ${records.certificates} destructions are on record`],
  };
  const item = (
    law: ComplianceItem['law'],
    clause: string,
    demand: string,
    judged: Judged,
  ): ComplianceItem => ({
    law,
    clause,
    demand,
    ...judged,
  });
  return [
    item('GDPR', 'Art. 5(1)(c)', 'data minimisation', minimised),
    item('GDPR', 'Art. 5(1)(e)', 'storage limitation', limits),
    item('GDPR', 'Art. 5(1)(f), 32(1)(a)', 'encryption, integrity and confidentiality', security),
    item('GDPR', 'Art. 5(2), 30', 'accountability: records of what was done', recorded),
    item('GDPR', 'Art. 6, 7', 'lawful basis and consent', person('keep the basis of each upload on file')),
    item(
      'GDPR',
      'Art. 13, 14, 15',
      'information and access',
      person('answer from `evergreen data erase --dry-run`, which finds the rows'),
    ),
    item('GDPR', 'Art. 17', 'erasure', erasure),
    item(
      'GDPR',
      'Art. 22',
      'automated decisions',
      person('let a person look: rollout.approval, and the explanation of a prediction'),
    ),
    item('GDPR', 'Art. 25', 'protection by design: pseudonyms, coarser values', pseudonyms),
    item('GDPR', 'Art. 32(1)(b), (c)', 'availability and restoring', availability),
    item('GDPR', 'Art. 32(1)(d), 33', 'logs of access, for breaches', accessLogs),
    item(
      'GDPR',
      'Art. 28, 44',
      'processors and transfers',
      person('hold a contract with AWS; choose the region of the stack'),
    ),
    item('CCPA', '§ 1798.100', 'notice, and no longer than needed', limits),
    item('CCPA', '§ 1798.105', 'deletion', erasure),
    item(
      'CCPA',
      '§ 1798.110',
      'knowing what is collected',
      person('answer from `evergreen data erase --dry-run`, which finds the rows'),
    ),
    item('CCPA', '§ 1798.121', 'limited use of sensitive data', pseudonyms),
    item('CCPA', '§ 1798.150', 'reasonable security', security),
  ];
}
