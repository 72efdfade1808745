/** Twelve services in four layers with sixty objects in all: what people hand to a static analyser. */

const LAYERS = [
  ['edge', ['web', 'mobile', 'admin']],
  ['front', ['shop', 'search', 'account']],
  ['core', ['orders', 'payments', 'stock']],
  ['data', ['ledger', 'catalogue', 'sessions']],
] as const;

/** YAML: 4 Namespaces, 12 times Deployment, Service, ServiceAccount, AuthorizationPolicy, 4 PeerAuthentications, 4 NetworkPolicies. */
export function layeredManifests(): string {
  return LAYERS.flatMap(([layer, names], index) => {
    const [above] = LAYERS[index - 1] ?? [layer];
    return [
      `apiVersion: v1
kind: Namespace
metadata: { name: ${layer}, labels: { istio-injection: enabled, layer: ${layer} } }
`,
      `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: ${layer} }
spec: { mtls: { mode: ${index === 0 ? 'PERMISSIVE' : 'STRICT'} } }
`,
      `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: from-above, namespace: ${layer} }
spec:
  podSelector: {}
  ingress: [{ from: [{ podSelector: {} }, { namespaceSelector: { matchLabels: { layer: ${above} } } }] }]
`,
      ...names.flatMap((name) => service(layer, name, above)),
    ];
  }).join('---\n');
}

function service(layer: string, name: string, above: string): readonly string[] {
  const metadata = `metadata: { name: ${name}, namespace: ${layer} }`;
  return [
    `apiVersion: v1
kind: ServiceAccount
${metadata}
`,
    `apiVersion: apps/v1
kind: Deployment
${metadata}
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      serviceAccountName: ${name}
      containers: [{ name: app, image: app, ports: [{ containerPort: 8080 }] }]
`,
    `apiVersion: v1
kind: Service
${metadata}
spec: { selector: { app: ${name} }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
`,
    `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
${metadata}
spec:
  selector: { matchLabels: { app: ${name} } }
  rules: [{ from: [{ source: { namespaces: [${above}, ${layer}] } }], to: [{ operation: { methods: [GET] } }] }]
`,
  ];
}
