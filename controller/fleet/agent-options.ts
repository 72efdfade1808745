/** Node's own options for agents, wherever they run. */

/**
 * grpc-js names the server even where it is dialled by address, and Node says on every start that one should not. Young
 * objects get 2 MB before they are looked through, not 16, and old ones 128 MB at most: what Node would take by itself is
 * all that a probe pod has, or gigabytes on a laptop, and the more there is, the later it tidies up. An agent of 2,000
 * routes needs 107 MB with both, 158 with the first alone, no less than 224 with neither (Node 24), and no more CPU.
 */
export const AGENT_NODE_OPTIONS = '--disable-warning=DEP0123 --max-semi-space-size=2 --max-old-space-size=128';
