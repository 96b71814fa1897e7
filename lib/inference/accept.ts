import { mediaTypes } from './request-body.ts';

interface Range {
  media: string;
  quality: number;
  place: number;
}

function rangesOf(accept: string): Range[] {
  return accept
    .toLowerCase()
    .split(',')
    .map((each, place) => {
      const [media = '', ...parameters] = each.split(';').map((part) => part.trim());
      const said = parameters.find((parameter) => parameter.startsWith('q='));
      const quality = said === undefined ? 1 : Number(said.slice(2));
      return { media, quality: Number.isFinite(quality) ? quality : 1, place };
    });
}

const nothing: Range = { media: '', quality: 0, place: Number.POSITIVE_INFINITY };

/** The range that says most about a media type. */
function rangeFor(ranges: readonly Range[], media: string): Range {
  const wanted = [media, `${media.split('/', 1)[0]}/*`, '*/*'];
  for (const each of wanted) {
    const found = ranges.find((range) => range.media === each);
    if (found) return found;
  }
  return nothing;
}

/**
 * Whether a caller would rather have CSV than JSON; of equals the one that is named first, and JSON when neither is.
 *
 * Source: RFC 9110, 12.5.1.
 */
export function prefersCsv(accept: string | undefined): boolean {
  const ranges = rangesOf(accept ?? '*/*');
  const csv = rangeFor(ranges, mediaTypes.csv);
  const json = rangeFor(ranges, mediaTypes.json);
  if (csv.quality !== json.quality) return csv.quality > json.quality;
  if (csv.media !== mediaTypes.csv) return false;
  return json.media !== mediaTypes.json || csv.place < json.place;
}
