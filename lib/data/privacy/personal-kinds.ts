import * as z from 'zod';

/** Kinds of personal data that are looked for in the values of an upload. */
export const personalKind = z.enum([
  'email',
  'phone',
  'card',
  'iban',
  'ip',
  'national-id',
  'name',
  'birth-date',
  'address',
]);
export type PersonalKind = z.infer<typeof personalKind>;

/** A column of an upload with personal data in it. */
export const personalColumn = z.object({
  column: z.string(),
  /** Whether the model reads it; what it does not read stays in the upload alone. */
  isRead: z.boolean(),
  kind: personalKind,
  /** By its values, or by its name alone. */
  by: z.enum(['values', 'name']),
  /** Whether the definition says that the column holds personal data. */
  isDeclared: z.boolean(),
  /** Cells of the sample with it, and cells of the sample that are filled. */
  cells: z.int().min(0),
  filled: z.int().min(0),
});
export type PersonalColumn = z.infer<typeof personalColumn>;

/** Words of a column's name that hint at a kind, in a few languages. */
const hints: readonly [PersonalKind, RegExp][] = [
  ['email', /^(e ?mail|mail|courriel|correo)( addr(ess)?| adresse)?$/],
  [
    'phone',
    /^(tele)?(phone|fon|fono)( ?(number|no|nummer))?$|^(mobile|handy|cell)( ?(phone|number|nummer))?$|^tel$/,
  ],
  ['card', /^(credit|debit|payment)? ?card ?(number|no|num)$|^pan$|^kreditkarte/],
  ['iban', /^iban$|^(bank )?account (number|no)$|^kontonummer$/],
  ['ip', /^(client |remote |source )?ip( ?addr(ess)?| ?adresse)?$/],
  [
    'national-id',
    /^(ssn|nino|bsn|pesel|cpf|dni|nie|nir|hetu|personnummer|codice fiscale|tax id|steuer ?id|passport( number| no)?|social security( number)?|national id)$/,
  ],
  [
    'name',
    /^((first|last|given|family|full|middle|sur|fore|maiden|customer|patient|employee|person) ?name|vorname|nachname|nom|prenom|apellidos?|nombre)$/,
  ],
  ['birth-date', /^(date of birth|birth ?da(te|y)|dob|geburts(datum|tag)|fecha de nacimiento)$/],
  [
    'address',
    /^((street|home|postal|mailing) ?address|street|strasse|address( line)?( ?[12])?|adresse|anschrift)$/,
  ],
];

/** The kind that a column's name hints at. */
export function kindByName(column: string): PersonalKind | undefined {
  const words = column
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[_.()/%-]+/g, ' ')
    .trim()
    .toLowerCase();
  return hints.find(([, pattern]) => pattern.test(words))?.[0];
}
