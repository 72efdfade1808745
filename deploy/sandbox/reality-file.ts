/** Reads reality.yaml: YAML, then shape, then names that must exist; every complaint with its place in the file. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { MeshproofError } from '../../proto/errors.ts';
import { checkReferences, type Complaint } from './reality-references.ts';
import { realitySchema, type Reality } from './reality.ts';

/** Throws MPE_UNREADABLE_INPUT with a line `file:line:column: what, expected what` for every complaint. */
export function parseReality(file: string, text: string): Reality {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const refuse = (complaints: readonly { readonly offset: number; readonly message: string }[]): never => {
    const told = complaints.map(({ offset, message }) => {
      const { line, col } = lines.linePos(offset);
      return `${file}:${String(line)}:${String(col)}: ${message}`;
    });
    throw new MeshproofError('MPE_UNREADABLE_INPUT', told.join('\n'));
  };
  const placed = (complaints: readonly Complaint[]): { offset: number; message: string }[] =>
    complaints.map(({ path, message, isAboutKey = false }) => ({
      offset: offsetOf(document, path, isAboutKey),
      message,
    }));

  if (document.errors.length > 0) {
    refuse(document.errors.map((error) => ({ offset: error.pos[0], message: `${error.message}, expected YAML` })));
  }
  const parsed = realitySchema.safeParse(document.toJS());
  if (!parsed.success) return refuse(placed(parsed.error.issues.flatMap(complaintsOf)));
  const complaints = checkReferences(parsed.data);
  return complaints.length > 0 ? refuse(placed(complaints)) : parsed.data;
}

function complaintsOf(issue: z.core.$ZodIssue): readonly Complaint[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `unknown field "${key}", expected none of that name`,
      isAboutKey: true,
    }));
  }
  if (issue.code === 'invalid_key') {
    const wanted = issue.issues.map((each) => each.message).join(', ');
    return [{ path, message: `"${path.at(-1) ?? ''}" is no valid key, expected: ${wanted}`, isAboutKey: true }];
  }
  return [{ path, message: `${path.join('.') || 'the document'}: ${issue.message}` }];
}

/** Where a path ends: a scalar, else the key of a map's entry or the item of a list; the deepest that exists otherwise. */
function offsetOf(document: Document, path: readonly string[], isAboutKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const segment of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === segment);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return isScalar(node) && !isAboutKey ? (startOf(node) ?? offset) : offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
