/** Words of a command line that a person copies into a shell. */

/** As it stands where no shell would read anything into it; else in single quotes. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
