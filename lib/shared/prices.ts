import * as z from 'zod';
import document from './prices.json' with { type: 'json' };

const price = z.strictObject({
  usd: z.number().positive(),
  unit: z.string(),
  /** Of AWS, where the price is published. */
  page: z.string(),
  /** When it was read; null when it is from memory. */
  readOn: z.iso.date().nullable(),
  source: z.url().nullable(),
});

const priceTable = z.strictObject({
  region: z.string(),
  currency: z.literal('USD'),
  hoursPerMonth: z.number().positive(),
  note: z.string(),
  prices: z.record(z.string(), price),
});

/** The one table of prices, dated; for an order of magnitude, the bill is AWS's. */
export const prices = priceTable.parse(document);
export type PriceName = keyof typeof document.prices;

/** In USD, for one of its unit. */
export const usdOf = (name: PriceName): number => document.prices[name].usd;
