/** Kubernetes objects as they come out of a snapshot, before anything is made of them. */

/** Where an object (or a field of it) was read; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}

export interface ObjectMetadata {
  readonly name: string;
  /** Empty for objects without a namespace. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** As the API server writes it (RFC 3339); absent in manifests that were never applied. */
  readonly creationTimestamp?: string;
  /** When somebody last wrote it, its status apart (RFC 3339): the newest of `managedFields`. Absent in manifests. */
  readonly changedAt?: string;
  readonly resourceVersion?: string;
  /** Of an object that is being deleted. */
  readonly deletionTimestamp?: string;
  readonly ownerReferences: readonly OwnerReference[];
}

/** What is below `metadata` is whatever the source said: readers parse what they need, once. */
export interface K8sObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly position?: Position;
  readonly [field: string]: unknown;
}

/** Cluster and policies frozen for one sweep. */
export interface Snapshot {
  /** Sorted by kind, namespace and name; one object a key. */
  readonly objects: readonly K8sObject[];
  /** SHA-256 (hex) of the objects' content; the same whatever order or files they came in. */
  readonly digest: string;
  /** What is odd about the input, with `file:line:column` in front; the objects are in force all the same. */
  readonly warnings: readonly string[];
  /** When it was taken, milliseconds since 1970; absent: nothing that depends on the time (expiry of tokens) is judged. */
  readonly takenAtMs?: number;
}
