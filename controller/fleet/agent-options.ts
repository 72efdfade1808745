/** Node's own options for agents, wherever they run. */

/**
 * grpc-js names the server even where it is dialled by address, and Node says on every start that one should not. Young
 * objects get 2 MB before they are looked through, not 16: an agent of 1,750 routes needs 110 MB with it, 224 without
 * (Node 24), and no more CPU.
 */
export const AGENT_NODE_OPTIONS = '--disable-warning=DEP0123 --max-semi-space-size=2';
