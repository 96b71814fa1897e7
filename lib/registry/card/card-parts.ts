import { type Html, html } from '../../data/report/report-html.ts';

/* Pieces that several sections of the page are made of. */

/** Stands where a person could have said something. */
export const notGiven = (text = 'not given'): Html => html`<span class="empty">${text}</span>`;

export type Fact = readonly [name: string, value: Html];

export function fact(name: string, value: string | number | null): Fact {
  return [name, value === null ? notGiven() : html`${value}`];
}

export const facts = (entries: readonly Fact[]): Html =>
  html`<dl>${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;

export interface Heading {
  name: string;
  isNumber?: boolean;
}

/** A table; columns of numbers stand to the right. */
export function tableOf(headings: readonly Heading[], rows: readonly (readonly (string | Html)[])[]): Html {
  const look = (place: number) => (headings[place]?.isNumber ? 'number' : '');
  return html`<div class="scroll"><table><thead><tr>${headings.map(({ name }, place) => html`<th class="${look(place)}">${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, place) => html`<td class="${look(place)}">${cell}</td>`)}</tr>`)}</tbody></table></div>`;
}

/** A model may know thousands of categories. */
const mostListed = 50;

export function listed(names: readonly string[]): string {
  const left = names.length - mostListed;
  return names.slice(0, mostListed).join(', ') + (left > 0 ? ` and ${left} more` : '');
}

export const secondsText = (seconds: number): string =>
  seconds < 120 ? `${Number(seconds.toFixed(1))} s` : `${Number((seconds / 60).toFixed(1))} min`;

/** In a currency that the definition does not name. */
export const moneyText = (money: number | null): string =>
  money === null ? 'not given' : money < 0.01 ? String(Number(money.toPrecision(2))) : money.toFixed(2);

/** Of a file, in the unit that keeps it short. */
export const bytesText = (bytes: number): string =>
  bytes < 1024 ** 2
    ? `${Number((bytes / 1024).toFixed(1))} KiB`
    : `${Number((bytes / 1024 ** 2).toFixed(1))} MiB`;
