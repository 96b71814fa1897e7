import type { ModelVersion } from '../registry.ts';
import { makeBillOfMaterials } from './bill-of-materials.ts';
import { type CardDocuments, readCardDocuments } from './card-documents.ts';
import { cardPage } from './card-page.ts';
import { makeModelCard } from './make-model-card.ts';
import { type CardFileName, cardFileNames, cardPrefix } from './model-card.ts';

/** A card in its three forms; the same version and package give the same bytes. */
export function renderCardFiles(
  version: ModelVersion,
  documents: CardDocuments,
): Record<CardFileName, string> {
  const card = makeModelCard(version, documents);
  return {
    // Curves of many classes on a line for each number would be ten times as long.
    'card.json': `${JSON.stringify(card)}\n`,
    'card.html': cardPage(card),
    'bom.json': `${JSON.stringify(makeBillOfMaterials(card, documents.manifest), null, 2)}\n`,
  };
}

const contentTypes: Record<CardFileName, string> = {
  'card.json': 'application/json',
  'card.html': 'text/html; charset=utf-8',
  'bom.json': 'application/vnd.cyclonedx+json; version=1.6',
};

export interface CardParts {
  read(key: string): Promise<Uint8Array>;
  write(key: string, text: string, contentType: string): Promise<void>;
}

/**
 * Writes the card of a version that is registered.
 *
 * @throws EvergreenError `artifact-missing` or `artifact-damaged`.
 */
export async function writeCardFiles({ read, write }: CardParts, version: ModelVersion): Promise<void> {
  const files = renderCardFiles(version, await readCardDocuments(version, read));
  const prefix = cardPrefix(version.model, version.version);
  await Promise.all(cardFileNames.map((name) => write(prefix + name, files[name], contentTypes[name])));
}
