/** What the mesh configuration says, as far as the oracle asks. */
import { parse } from 'yaml';
import type { Manifest, OutboundMode } from './manifests.ts';

export type PathNormalization = 'NONE' | 'BASE' | 'DEFAULT' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';

export interface MeshSettings {
  readonly trustDomain: string;
  readonly trustDomainAliases: readonly string[];
  readonly rootNamespace: string;
  readonly isAutoMtls: boolean;
  readonly outbound: OutboundMode;
  readonly pathNormalization: PathNormalization;
}

interface MeshText {
  readonly trustDomain?: string;
  readonly trustDomainAliases?: readonly string[];
  readonly rootNamespace?: string;
  readonly enableAutoMtls?: boolean;
  readonly outboundTrafficPolicy?: { readonly mode?: OutboundMode };
  readonly pathNormalization?: { readonly normalization?: PathNormalization };
}

/** Defaults: istio pkg/config/mesh/mesh.go:DefaultMeshConfig. */
export function meshSettings(objects: readonly Manifest[]): MeshSettings {
  const map = objects.find(
    (object) =>
      object.kind === 'ConfigMap' && object.metadata.name === 'istio' && object.metadata.namespace === 'istio-system',
  );
  const text = map?.kind === 'ConfigMap' ? (map.data?.['mesh'] ?? '') : '';
  const mesh = (parse(text) ?? {}) as MeshText;
  return {
    trustDomain: mesh.trustDomain ?? 'cluster.local',
    trustDomainAliases: mesh.trustDomainAliases ?? [],
    rootNamespace: mesh.rootNamespace ?? 'istio-system',
    isAutoMtls: mesh.enableAutoMtls ?? true,
    outbound: mesh.outboundTrafficPolicy?.mode ?? 'ALLOW_ANY',
    pathNormalization: mesh.pathNormalization?.normalization ?? 'DEFAULT',
  };
}
