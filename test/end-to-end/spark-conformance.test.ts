import { beforeAll, describe, expect, it } from 'vitest';
import { personalKind } from '../../lib/data/privacy/personal-kinds.ts';
import { type Answer, examineByBoth } from '../../lib/data/spark/fixtures/both-engines.ts';
import { conformanceCases } from '../../lib/data/spark/fixtures/conformance-cases.ts';
import { personalCases } from '../../lib/data/spark/fixtures/personal-cases.ts';
import { rounded } from '../../lib/data/spark/fixtures/rounded.ts';
import { sparkPython } from '../../lib/data/spark/fixtures/spark-python.ts';
import { writtenCases } from '../../lib/data/spark/fixtures/written-cases.ts';

const spark = await sparkPython();
const cases = [...(await conformanceCases()), ...(await writtenCases()), ...personalCases()];

// Java and PySpark are asked of the machine; where they are not, the reason is the test's name.
describe.skipIf('missing' in spark)(
  `Spark and DuckDB${'missing' in spark ? `: not compared, ${spark.missing}` : ''}`,
  () => {
    let found = new Map<string, { duckdb: Answer; spark: Answer }>();
    beforeAll(async () => {
      if ('python' in spark) found = await examineByBoth(spark.python, cases);
    }, 1_500_000);

    it.each(cases.map(({ name }) => name))('say the same of %s', (name) => {
      const both = found.get(name);
      expect(rounded(both?.spark.examination)).toEqual(rounded(both?.duckdb.examination));
      expect(both?.spark.rows).toEqual(both?.duckdb.rows);
    });

    it('find every kind in a file that holds them all', () => {
      const columns = found.get('personal data in every row')?.spark.examination.personalData ?? [];
      expect([...new Set(columns.map(({ kind }) => kind))].toSorted()).toEqual(
        personalKind.options.filter((kind) => kind !== 'address').toSorted(),
      );
    });
  },
);
