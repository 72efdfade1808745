/** What is told of running sandboxes: addresses, a few lines to paste, what is in force otherwise than on disk. */
import { addressText } from '../../proto/vocabulary.ts';
import type { Address } from '../../proto/vocabulary.ts';
import type { Description } from '../../deploy/sandbox/control/protocol.ts';
import type { Difference } from '../../deploy/sandbox/difference.ts';
import type { PortMode, Reality, RealityWorkload } from '../../deploy/sandbox/reality.ts';
import type { Sandbox } from '../../deploy/sandbox/sandbox.ts';
import type { Page } from '../publish/page.ts';
import { paint } from '../publish/page.ts';
import { alignColumns } from '../publish/text-layout.ts';

/** A line for each, as it can be set. */
export function changeLines(made: readonly Difference[]): string[] {
  return made.map(({ target, key, was, is }) => `${target} ${key}=${is}   (was ${was})`);
}

/** Each of them with what was changed in it. */
export function statusText(running: readonly Description[], page: Page): string {
  const blocks = running.map(({ scenario, folder, dataPlane, pid, startedAt, page: url, changed }) => {
    const rows = [
      ['folder', folder],
      ['proxies', dataPlane],
      ['process', `${String(pid)}, since ${startedAt}`],
      ...(url === undefined ? [] : [['page', url]]),
      ['in force', changed.length === 0 ? 'what reality.yaml says' : 'what reality.yaml says, but for'],
    ];
    return [
      paint(page, 'strong', `Sandbox ${scenario}`),
      ...alignColumns(rows, page.columns - 2).map((line) => `  ${line}`),
      ...changeLines(changed).map((line) => `    ${line}`),
    ].join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}

interface Listed {
  readonly service: string;
  readonly pod: string;
  readonly address: Address;
  readonly app: string;
  /** What reality.yaml puts in force on the port; `naked` where the pod has no sidecar, `-` for a gateway's own port. */
  readonly mode: string;
}

export function describeSandbox(sandbox: Sandbox, page: Page): string {
  const endpoints = listEndpoints(sandbox);
  const head = ['SERVICE', 'ENDPOINT', 'ADDRESS', 'APP', 'IN FORCE'];
  const rows = endpoints.map((one) => [one.service, one.pod, addressText(one.address), one.app, one.mode]);
  const captures = Object.keys(sandbox.scenario.reality.workloads).flatMap((workload) => {
    const capture = sandbox.capturePoint(workload);
    return capture === undefined ? [] : [[workload, addressText(capture)]];
  });
  const blocks = [
    [paint(page, 'strong', `Sandbox ${sandbox.scenario.name} is up. ^C ends it.`)],
    alignColumns([head, ...rows], page.columns),
    captures.length === 0
      ? []
      : [
          "Sidecars take their own pod's traffic here, after a PROXY protocol v2 header with the real destination:",
          ...alignColumns(captures, page.columns - 2).map((line) => `  ${line}`),
        ],
    tryLines(endpoints),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** One port that answers a caller without sidecar, and one that does not. */
function tryLines(endpoints: readonly Listed[]): string[] {
  const http = endpoints.filter((one) => one.app === 'http');
  const open = http.find((one) => one.mode !== 'STRICT');
  const strict = http.find((one) => one.mode === 'STRICT');
  return [
    ...(open === undefined && strict === undefined ? [] : ['As a caller without sidecar:']),
    ...(open === undefined ? [] : [`  curl -v http://${addressText(open.address)}/    # ${open.service} answers`]),
    ...(strict === undefined
      ? []
      : [
          `  curl -v http://${addressText(strict.address)}/    # ${strict.service} is STRICT: accepted, then reset`,
          `  openssl s_client -connect ${addressText(strict.address)} -alpn istio </dev/null    # the certificate that it shows`,
        ]),
  ];
}

function listEndpoints(sandbox: Sandbox): Listed[] {
  const { services, workloads } = sandbox.scenario.reality;
  return Object.entries(services).flatMap(([service, { ports }]) =>
    Object.entries(ports).flatMap(([port, { targetPort }]) =>
      sandbox.network.endpointsOf(service, Number(port)).map(({ pod, address }) => {
        const facts = podFacts(workloads, pod);
        const entry = facts?.ports[String(targetPort)];
        return {
          service: `${service}:${port}`,
          pod,
          address,
          app: entry?.app ?? (facts?.gateway === undefined ? 'none' : 'gateway'),
          mode: modeOf(facts, entry?.mode),
        };
      }),
    ),
  );
}

function modeOf(facts: RealityWorkload | undefined, mode: PortMode | undefined): string {
  if (facts?.gateway !== undefined) return '-';
  return facts?.dataPlane === 'sidecar' ? (mode ?? 'PERMISSIVE') : 'naked';
}

/** The workload that a pod belongs to, with what is said of the pod itself. */
function podFacts(workloads: Reality['workloads'], key: string): RealityWorkload | undefined {
  const [namespace = '', name] = key.split('/');
  for (const [workload, facts] of Object.entries(workloads)) {
    if (workload === key) return facts;
    const pod = workload.startsWith(`${namespace}/`) ? facts.pods?.find((one) => one.name === name) : undefined;
    if (pod !== undefined) {
      return { ...facts, dataPlane: pod.dataPlane ?? facts.dataPlane, ports: pod.ports ?? facts.ports };
    }
  }
  return undefined;
}
