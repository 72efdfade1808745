/** What the web side tells whoever reads the log: a cause once, however often it comes again. */

/** pino has these. */
export interface Log {
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
  readonly debug: (message: string) => void;
}

/** Causes that are told apart; whoever asks chooses what it sends, and could otherwise fill any log. */
const MAX_CAUSES = 100;

/** Each message once; the last one says that there are more. */
export function saidOnce(say: (message: string) => void): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message) || said.size > MAX_CAUSES) return;
    said.add(message);
    say(said.size > MAX_CAUSES ? 'there are more causes of this kind than are listed here' : `${message} (said once)`);
  };
}
