/** What is really in force in a scenario: the shape of `reality.yaml`. Nothing in here comes from the declared side. */
import { z } from 'zod';

/** `namespace/name`. */
export const qualifiedName = z.string().regex(/^[a-z0-9-]+\/[a-z0-9.-]+$/, 'write it as namespace/name');
export const portNumber = z.number().int().min(1).max(65535);
/** Record keys are text in YAML's object model. */
const portKey = z.string().regex(/^[1-9][0-9]{0,4}$/, 'write a port number, 1 to 65535');
export const spiffe = z.string().startsWith('spiffe://');

/** What the application behind a port really speaks; `none`: nothing listens there. */
export const application = z.enum(['http', 'grpc', 'tcp', 'none']);

/** Which filter chains the sidecar holds for a port: by the protocol that it was told. */
const chainProtocol = z.enum(['http', 'tcp', 'auto']);

/** The mutual-TLS mode that the sidecar enforces; `uncaptured`: the port does not pass through the sidecar. */
export const portMode = z.enum(['STRICT', 'PERMISSIVE', 'DISABLE', 'uncaptured']);

const port = z.strictObject({
  app: application,
  chain: chainProtocol.optional().describe('default: the app (`grpc` has an http chain, `none` an auto chain)'),
  mode: portMode.default('PERMISSIVE').describe('ignored where the pod has no sidecar'),
});

/** All fields that have values must match; within a field any value. Patterns as in AuthorizationPolicy: `x`, `x*`, `*x`, `*`. */
const authorizationRule = z.strictObject({
  name: z.string().describe('as the proxy names it: the deciding policy'),
  action: z.enum(['DENY', 'ALLOW']),
  from: z
    .strictObject({
      namespaces: z.array(z.string()).optional(),
      notNamespaces: z.array(z.string()).optional(),
      principals: z.array(z.string()).optional(),
      notPrincipals: z.array(z.string()).optional(),
    })
    .optional(),
  to: z
    .strictObject({
      ports: z.array(portNumber).optional(),
      methods: z.array(z.string()).optional(),
      paths: z.array(z.string()).optional(),
    })
    .optional(),
});

/** `foreign-root`: signed by a root that nobody in the mesh knows. */
export const certificateState = z.enum(['valid', 'expired', 'not-yet-valid', 'foreign-root']);

const certificate = z.strictObject({
  state: certificateState.default('valid'),
  identity: spiffe.optional().describe('default: of the namespace and service account'),
});

/** `auto`: mutual TLS where the endpoint has a sidecar and its port is not DISABLE. */
export const outboundMode = z.enum(['auto', 'DISABLE', 'ISTIO_MUTUAL', 'SIMPLE']);

/** What the sidecar (or gateway) really does when it calls a service port. Not listed: `auto`. */
const outboundTls = z.strictObject({
  to: qualifiedName,
  port: portNumber.optional().describe('the service port; default: all of them'),
  tls: outboundMode,
});

/** One entry of the sidecar's app probers: what its status port asks the app for a path. */
const prober = z.strictObject({
  kind: z.enum(['httpGet', 'tcpSocket', 'grpc']),
  port: portNumber,
  path: z.string().startsWith('/').default('/'),
});

const podFacts = {
  dataPlane: z.enum(['sidecar', 'naked']),
  certificate,
  ports: z.record(portKey, port),
  /** By path on the status port 15020, e.g. `/app-health/app/livez`. */
  probers: z.record(z.string().startsWith('/app-health/'), prober),
};

const pod = z.strictObject({
  name: z.string(),
  dataPlane: podFacts.dataPlane.optional(),
  certificate: podFacts.certificate.optional(),
  ports: podFacts.ports.optional(),
  probers: podFacts.probers.optional(),
});

/** A host that the gateway routes, to a service port. `port` is where the gateway's pod listens. */
const gatewayRoute = z.strictObject({ host: z.string(), port: portNumber, to: qualifiedName, toPort: portNumber });

const workload = z.strictObject({
  serviceAccount: z.string().optional().describe('default: the workload name'),
  dataPlane: podFacts.dataPlane.default('naked'),
  certificate: podFacts.certificate.default({ state: 'valid' }),
  ports: podFacts.ports.default({}),
  probers: podFacts.probers.default({}),
  authorization: z.array(authorizationRule).default([]),
  outbound: z.array(outboundTls).default([]),
  /** A standalone proxy instead of an app: no capture, routes by Host header. */
  gateway: z.strictObject({ routes: z.array(gatewayRoute) }).optional(),
  /** Default: one pod that bears the workload's name. A pod's facts replace the workload's, field by field. */
  pods: z.array(pod).min(1).optional(),
});

const service = z.strictObject({
  ports: z.record(portKey, z.strictObject({ targetPort: portNumber, protocol: chainProtocol })),
  /** Workloads (all their pods) or single pods. */
  endpoints: z.array(qualifiedName),
});

export const realitySchema = z.strictObject({
  trustDomain: z.string().default('cluster.local'),
  workloads: z.record(qualifiedName, workload),
  services: z.record(qualifiedName, service).default({}),
});

export type Reality = z.infer<typeof realitySchema>;
export type RealityWorkload = Reality['workloads'][string];
export type RealityPort = z.infer<typeof port>;
export type RealityService = Reality['services'][string];
export type AuthorizationRule = z.infer<typeof authorizationRule>;
export type PortMode = z.infer<typeof portMode>;
export type ChainProtocol = z.infer<typeof chainProtocol>;
