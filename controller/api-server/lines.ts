/** Lines of a stream of bytes, however they were cut. */
import { StringDecoder } from 'node:string_decoder';

/** Empty lines are left out; a last line need not have an end. */
export async function* linesOf(stream: AsyncIterable<unknown>, onBytes: () => void): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let pending: string[] = [];
  for await (const part of stream) {
    onBytes();
    const pieces = decoder.write(part as Buffer).split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      const line = [...pending, piece].join('');
      pending = [];
      if (line.trim() !== '') yield line;
    }
    if (rest !== '') pending.push(rest);
  }
  const last = pending.join('');
  if (last.trim() !== '') yield last;
}
