/**
 * What an alarm of a champion says is wrong: requests fail or are slow, labels say that answers are wrong, nearly all answers
 * are the same, what came in, what is answered or what is true has changed, or the model costs more than it may.
 */
export type AlarmKind = 'serving' | 'quality' | 'answers' | 'drift' | 'cost';

/** What the table looks at besides the kind of the alarm. */
export interface TableSituation {
  kind: AlarmKind;
  /** Younger than the definition's `youngHours`, and not brought back by a rollback. */
  age: 'young' | 'old';
  /** The champion before: one that had an alarm of the same kind itself is no place to go back to. */
  before: 'healthy' | 'unhealthy' | 'none';
  /** Labelled rows that came since this version is champion. */
  labels: 'new' | 'none';
  /** Whether another retrain may begin now, later, or not before a person has looked. */
  budget: 'left' | 'cooling down' | 'spent';
}

export type TableAction = 'roll back' | 'retrain' | 'shadow-train' | 'leave';

export interface DecisionRow {
  kind: AlarmKind[];
  age: TableSituation['age'] | 'any';
  before: TableSituation['before'][] | 'any';
  labels: TableSituation['labels'] | 'any';
  budget: TableSituation['budget'] | 'any';
  action: TableAction;
  /** Whether a person is called besides. */
  page: boolean;
  why: string;
}

/** Read from the top: the first row that fits decides. Every situation fits one. */
export const decisionTable: DecisionRow[] = [
  {
    kind: ['serving', 'quality', 'answers'],
    age: 'young',
    before: ['healthy'],
    labels: 'any',
    budget: 'any',
    action: 'roll back',
    page: false,
    why: 'it was well before this version came',
  },
  {
    kind: ['serving'],
    age: 'any',
    before: 'any',
    labels: 'new',
    budget: 'left',
    action: 'shadow-train',
    page: true,
    why: 'failing or slow requests are seldom cured by newer rows: a version is made ready, and a person looks',
  },
  {
    kind: ['serving'],
    age: 'any',
    before: 'any',
    labels: 'any',
    budget: 'any',
    action: 'leave',
    page: true,
    why: 'neither a rollback nor a retrain is an answer',
  },
  {
    kind: ['answers'],
    age: 'any',
    before: 'any',
    labels: 'any',
    budget: 'any',
    action: 'leave',
    page: true,
    why: 'nearly all answers are the same, though what comes in did not change',
  },
  {
    kind: ['cost'],
    age: 'any',
    before: 'any',
    labels: 'any',
    budget: 'any',
    action: 'leave',
    page: true,
    why: 'what it is worth is for a person to say; meanwhile no alarm retrains it',
  },
  {
    kind: ['quality', 'drift'],
    age: 'any',
    before: 'any',
    labels: 'none',
    budget: 'any',
    action: 'leave',
    page: true,
    why: 'no labelled rows came, so there is nothing to learn from; send labels or upload a file',
  },
  {
    kind: ['quality', 'drift'],
    age: 'any',
    before: 'any',
    labels: 'new',
    budget: 'left',
    action: 'retrain',
    page: false,
    why: 'newer rows may help',
  },
  {
    kind: ['quality', 'drift'],
    age: 'any',
    before: 'any',
    labels: 'new',
    budget: 'cooling down',
    action: 'leave',
    page: false,
    why: 'a retrain was asked for a short while ago',
  },
  {
    kind: ['quality', 'drift'],
    age: 'any',
    before: 'any',
    labels: 'new',
    budget: 'spent',
    action: 'leave',
    page: true,
    why: 'the retrains of this version or of this day are used up',
  },
];

const fits = (row: DecisionRow, s: TableSituation): boolean =>
  row.kind.includes(s.kind) &&
  (row.age === 'any' || row.age === s.age) &&
  (row.before === 'any' || row.before.includes(s.before)) &&
  (row.labels === 'any' || row.labels === s.labels) &&
  (row.budget === 'any' || row.budget === s.budget);

/** The row that decides; undefined only if the table had a gap. */
export const rowFor = (situation: TableSituation): DecisionRow | undefined =>
  decisionTable.find((row) => fits(row, situation));

/** The table as a page has it, in Markdown. */
export function renderDecisionTable(): string {
  const kinds: Record<AlarmKind, string> = {
    serving: 'errors, latency',
    quality: 'quality',
    answers: 'answers',
    drift: 'drift',
    cost: 'cost',
  };
  const lines = decisionTable.map(({ kind, age, before, labels, budget, action, page, why }) => {
    const cells = [
      kind.map((each) => kinds[each]).join(', '),
      age,
      before === 'any' ? 'any' : before.join(', '),
      labels,
      budget,
      action,
      page ? 'yes' : 'no',
      why,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| alarm | age | the one before | labels | budget | done | person called | why |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}
