/** What the mesh's own configuration says: ConfigMap `istio`, and the injector's, with Istio's defaults where they are silent. */
import type { K8sObject } from './objects.ts';
import { fields, isFields, list, parseBool, text, texts } from './reading.ts';
import type { Fields } from './reading.ts';

export type OutboundPolicy = 'ALLOW_ANY' | 'REGISTRY_ONLY';
export type PathNormalization = 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';

export interface MeshConfig {
  readonly rootNamespace: string;
  readonly trustDomain: string;
  readonly trustDomainAliases: readonly string[];
  /** Trust domains whose client certificates are accepted: own, aliases, and those of extra CAs. */
  readonly acceptedTrustDomains: readonly string[];
  readonly isAutoMtls: boolean;
  readonly outboundPolicy: OutboundPolicy;
  /** inboundTrafficPolicy LOCALHOST sends traffic to 127.0.0.1 instead of the pod's address. */
  readonly isInboundLocalhost: boolean;
  readonly minimumTls: '1.2' | '1.3';
  readonly pathNormalization: PathNormalization;
  readonly defaultServiceExportTo: readonly string[];
  readonly defaultDestinationRuleExportTo: readonly string[];
  readonly defaultVirtualServiceExportTo: readonly string[];
  readonly extensionProviders: ReadonlyMap<string, ExtensionProvider>;
  /** Control plane revision: `istio.io/rev` of the mesh's ConfigMap. */
  readonly revision: string;
  readonly clusterDomain: string;
  readonly injection: InjectionConfig;
}

/** `true`: answers HTTP (ext_authz over HTTP), so it cannot guard a TCP chain. */
export interface ExtensionProvider {
  readonly isHttp: boolean;
}

export interface InjectionConfig {
  readonly isEnabledByDefault: boolean;
  readonly isPolicyEnabled: boolean;
  readonly neverInject: readonly Fields[];
  readonly alwaysInject: readonly Fields[];
  readonly isProbeRewriteDefault: boolean;
  readonly includeInboundPorts: string;
  readonly excludeInboundPorts: string;
  readonly statusPort: number;
  readonly isHboneEnabled: boolean;
}

/** Defaults: istio: pkg/config/mesh/mesh.go:DefaultMeshConfig. Keys `decoded` come from the room that reads files. */
export function readMeshConfig(configMaps: readonly K8sObject[]): MeshConfig {
  const main = mainConfigMap(configMaps);
  const mesh = fields(main, 'decoded', 'mesh');
  const trustDomain = text(mesh['trustDomain']) ?? 'cluster.local';
  const aliases = texts(mesh['trustDomainAliases']);
  return {
    rootNamespace: text(mesh['rootNamespace']) ?? main?.metadata.namespace ?? 'istio-system',
    trustDomain,
    trustDomainAliases: aliases,
    acceptedTrustDomains: [
      ...new Set([
        trustDomain,
        ...aliases,
        ...list(mesh['caCertificates']).flatMap((ca) => texts(fields(ca)['trustDomains'])),
      ]),
    ],
    isAutoMtls: mesh['enableAutoMtls'] !== false,
    outboundPolicy: fields(mesh, 'outboundTrafficPolicy')['mode'] === 'REGISTRY_ONLY' ? 'REGISTRY_ONLY' : 'ALLOW_ANY',
    isInboundLocalhost: fields(mesh, 'inboundTrafficPolicy')['mode'] === 'LOCALHOST',
    minimumTls: fields(mesh, 'meshMTLS')['minProtocolVersion'] === 'TLSV1_3' ? '1.3' : '1.2',
    pathNormalization: normalization(fields(mesh, 'pathNormalization')['normalization']),
    defaultServiceExportTo: defaultExport(mesh['defaultServiceExportTo']),
    defaultDestinationRuleExportTo: defaultExport(mesh['defaultDestinationRuleExportTo']),
    defaultVirtualServiceExportTo: defaultExport(mesh['defaultVirtualServiceExportTo']),
    extensionProviders: new Map(list(mesh['extensionProviders']).flatMap(provider)),
    revision: main?.metadata.labels['istio.io/rev'] ?? 'default',
    clusterDomain: 'cluster.local',
    injection: readInjection(configMaps, mesh),
  };
}

/** The mesh's own: `istio`, or `istio-REVISION` where the control plane has one. */
export function mainConfigMap(configMaps: readonly K8sObject[]): K8sObject | undefined {
  const candidates = configMaps.filter(({ ['data']: data }) => isFields(data) && 'mesh' in data);
  return (
    candidates.find(({ metadata }) => metadata.name === 'istio' && metadata.namespace === 'istio-system') ??
    candidates.find(({ metadata }) => metadata.name === 'istio') ??
    candidates.find(({ metadata }) => metadata.name.startsWith('istio-'))
  );
}

function normalization(value: unknown): PathNormalization {
  return value === 'NONE' || value === 'MERGE_SLASHES' || value === 'DECODE_AND_MERGE_SLASHES' ? value : 'BASE';
}

function defaultExport(value: unknown): readonly string[] {
  const given = texts(value);
  return given.length === 0 ? ['*'] : given;
}

function provider(value: unknown): readonly (readonly [string, ExtensionProvider])[] {
  const given = fields(value);
  const name = text(given['name']);
  if (name === undefined) return [];
  if (isFields(given['envoyExtAuthzHttp'])) return [[name, { isHttp: true }]];
  return isFields(given['envoyExtAuthzGrpc']) ? [[name, { isHttp: false }]] : [];
}

function readInjection(configMaps: readonly K8sObject[], mesh: Fields): InjectionConfig {
  const injector = configMaps.find(({ metadata }) => metadata.name.startsWith('istio-sidecar-injector'));
  const config = fields(injector, 'decoded', 'config');
  const values = fields(injector, 'decoded', 'values');
  const proxy = fields(values, 'global', 'proxy');
  return {
    isEnabledByDefault: fields(values, 'sidecarInjectorWebhook')['enableNamespacesByDefault'] === true,
    isPolicyEnabled: config['policy'] !== 'disabled',
    neverInject: list(config['neverInjectSelector']).filter(isFields),
    alwaysInject: list(config['alwaysInjectSelector']).filter(isFields),
    isProbeRewriteDefault: fields(values, 'sidecarInjectorWebhook')['rewriteAppHTTPProbe'] !== false,
    includeInboundPorts: text(proxy['includeInboundPorts']) ?? '*',
    excludeInboundPorts: text(proxy['excludeInboundPorts']) ?? '',
    statusPort: Number(proxy['statusPort'] ?? 15020),
    isHboneEnabled: parseBool(text(fields(mesh, 'defaultConfig', 'proxyMetadata')['ISTIO_META_ENABLE_HBONE'])) === true,
  };
}
