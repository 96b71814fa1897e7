import { isIPv4, isIPv6 } from 'node:net';
import { isAccount, keepsLuhn, nationalNumbers } from './checksums.ts';
import { isPersonName } from './person-names.ts';
import type { PersonalKind } from './personal-kinds.ts';

/** What a text holds of one kind: something that looks like it, and whether its check digits hold. */
export interface Detected {
  kind: PersonalKind;
  holds: boolean;
}

/** What each kind looks like. */
export const patterns = {
  email:
    /(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}(?![\w-])/,
  account: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])/,
  card: /(?<![\w.+-])(?:[3-6]\d{3}|2[2-7]\d{2})(?:[ -]?\d){9,15}(?![\w.-])/,
  addressV4: /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])/,
  addressV6: /(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])/,
  phone:
    /(?<![\w.,:+/-])(?:\+[1-9]\d{0,2}[ .-]?(?:\(0?\d{1,4}\)[ .-]?)?\d(?:[ ./-]?\d){5,12}|\(\d{2,5}\)[ .-]?\d{3,4}(?:[ .-]?\d{2,4}){1,3}|0\d{1,4}[ /-]\d{2,4}(?:[ /-]?\d{2,4}){1,3}|[2-9]\d{2}[ .-][2-9]\d{2}[ .-]\d{4})(?![\w,:]|[.-]\d)/,
};

const bare = (text: string) => text.replaceAll(/[ -]/g, '');

/** Everything personal that can be told of one text by its pattern and check digits. */
export function detectValue(text: string): Detected[] {
  const found: Detected[] = [];
  const add = (kind: PersonalKind, holds: boolean) => found.push({ kind, holds });
  const whole = text.trim();
  if (patterns.email.test(whole)) add('email', true);
  const accountText = patterns.account.exec(whole)?.[0];
  if (accountText) add('iban', isAccount(bare(accountText)));
  const national = nationalNumbers.find(({ pattern }) => pattern.test(whole));
  if (national) {
    const kept = national.country === 'FI' ? whole : whole.replaceAll(/[ .+-]/g, '');
    add('national-id', national.holds(national.country === 'US' ? bare(whole) : kept));
  }
  const cardText = accountText ? undefined : patterns.card.exec(whole)?.[0];
  if (cardText) add('card', keepsLuhn(bare(cardText)) && bare(cardText).length >= 13);
  const v4 = patterns.addressV4.exec(whole)?.[0];
  const v6 = patterns.addressV6.exec(whole)?.[0];
  if (v4) add('ip', isIPv4(v4));
  else if (v6 && v6.length > 4) add('ip', isIPv6(v6));
  if (!national?.holds(bare(whole)) && !cardText && !v4 && patterns.phone.test(whole)) add('phone', true);
  if (isPersonName(whole)) add('name', true);
  return found;
}
