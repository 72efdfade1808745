/** `-n NAMESPACE`, as kubectl has it, but repeatable. */
import { Option } from 'commander';

export function namespaceOption(description: string): Option {
  return new Option('-n, --namespace <namespace>', description).argParser(
    (namespace: string, before: readonly string[] | undefined) => [...(before ?? []), namespace],
  );
}
