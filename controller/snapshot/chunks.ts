/** Texts of YAML files taken apart at the lines where documents, and the items of a long list, begin. */

export interface Chunk {
  readonly start: number;
  readonly end: number;
}

/** Documents begin and end at lines that start with `---` or `...`; no scalar can hold such a line at its beginning. */
export function documentChunks(text: string): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let start = 0;
  for (const match of text.matchAll(/^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm)) {
    chunks.push({ start, end: match.index });
    start = match.index + 3;
  }
  chunks.push({ start, end: text.length });
  return chunks.filter((chunk) => hasContent(text, chunk));
}

function hasContent(text: string, { start, end }: Chunk): boolean {
  for (let at = start; at < end; at += 1) if (!' \t\r\n'.includes(text[at] ?? ' ')) return true;
  return false;
}

export interface ListChunks {
  /** The document with its items left out. */
  readonly envelope: string;
  /** Each from its dash to the next one. */
  readonly items: readonly Chunk[];
}

const ITEMS_LINE = /^items:[ ]*\r?\n/m;

/**
 * A document of kind `…List` in block style as its parts; null for any other. Nothing inside of an item can begin where
 * the dashes of the items stand: whatever belongs to an item is indented more than they are.
 */
export function listChunks(text: string, { start, end }: Chunk): ListChunks | null {
  const document = text.slice(start, end);
  const opening = ITEMS_LINE.exec(document);
  if (opening === null) return null;
  const first = opening.index + opening[0].length;
  const indent = /^ *(?=-[ \r\n])/.exec(document.slice(first, first + 64))?.[0].length;
  if (indent === undefined) return null;
  const line = new RegExp(`^(?: {${String(indent)}}-(?=[ \\r\\n])| {0,${String(indent)}}[^ \\r\\n#])`, 'gm');
  line.lastIndex = first;
  const starts: number[] = [];
  let last = document.length;
  for (let match = line.exec(document); match !== null; match = line.exec(document)) {
    if (match[0].length !== indent + 1 || !match[0].endsWith('-') || !isDash(document, match.index + indent)) {
      last = match.index;
      break;
    }
    starts.push(match.index);
  }
  const items = starts.map((at, index) => ({ start: start + at, end: start + (starts[index + 1] ?? last) }));
  return { envelope: `${document.slice(0, opening.index)}items: []\n${document.slice(last)}`, items };
}

function isDash(text: string, at: number): boolean {
  return text[at] === '-' && ' \r\n'.includes(text[at + 1] ?? '\n');
}
