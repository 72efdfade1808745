/** What an app behind a sidecar gets back, for every client transport against every kind of server, on both data planes. */
import t from 'tap';
import { capturedBytes, capturedHttp } from '../support/captured-calls.ts';
import { dataPlanes } from '../support/data-planes.ts';
import { drawTable, readTable } from '../support/drawn-table.ts';
import { startRig } from '../support/mesh-rig.ts';
import type { RigService } from '../support/mesh-rig.ts';
import { issueRigCertificates } from '../support/rig-certificates.ts';

const SERVERS: readonly RigService['server'][] = ['naked', 'DISABLE', 'PERMISSIVE', 'STRICT', 'down', 'none'];

const CLIENTS: Readonly<Record<string, Pick<RigService, 'tls' | 'identities'>>> = {
  plaintext: { tls: 'plaintext' },
  ISTIO_MUTUAL: { tls: 'istio-mutual' },
  SIMPLE: { tls: 'simple' },
  'ISTIO_MUTUAL, other identity': {
    tls: 'istio-mutual',
    identities: ['spiffe://cluster.local/ns/foo/sa/other'],
  },
};

/**
 * istio: tests/integration/security/reachability_test.go for who reaches whom; the texts are Envoy's.
 * Over TCP the app always gets its connection. It is reset where the server never took the connection over (the app's
 * bytes are still unread then), and closed where the server took it and dropped it; `ended` is either, for the refusal
 * of a certificate comes after the handshake and races with the app's bytes.
 */
const TABLES: Readonly<Record<RigService['protocol'], string>> = {
  http: `
    client                       | naked                    | DISABLE                  | PERMISSIVE                    | STRICT                        | down                   | none
    plaintext                    | reached                  | reached                  | reached                       | 503 connection termination    | 503 Connection refused | 503 no healthy upstream
    ISTIO_MUTUAL                 | 503 WRONG_VERSION_NUMBER | 503 WRONG_VERSION_NUMBER | reached as client             | reached as client             | 503 Connection refused | 503 no healthy upstream
    SIMPLE                       | 503 WRONG_VERSION_NUMBER | 503 WRONG_VERSION_NUMBER | 503 Connection reset by peer  | 503 connection termination    | 503 Connection refused | 503 no healthy upstream
    ISTIO_MUTUAL, other identity | 503 WRONG_VERSION_NUMBER | 503 WRONG_VERSION_NUMBER | 503 CERTIFICATE_VERIFY_FAILED | 503 CERTIFICATE_VERIFY_FAILED | 503 Connection refused | 503 no healthy upstream
  `,
  tcp: `
    client                       | naked   | DISABLE | PERMISSIVE | STRICT  | down  | none
    plaintext                    | reached | reached | reached    | closed  | reset | reset
    ISTIO_MUTUAL                 | reset   | reset   | reached    | reached | reset | reset
    SIMPLE                       | reset   | reset   | reset      | ended   | reset | reset
    ISTIO_MUTUAL, other identity | reset   | reset   | reset      | reset   | reset | reset
  `,
  auto: `
    client                       | naked                    | DISABLE                  | PERMISSIVE                    | STRICT                        | down                   | none
    plaintext                    | reached                  | reached                  | reached                       | 503 connection termination    | 503 Connection refused | 503 no healthy upstream
    ISTIO_MUTUAL                 | 503 WRONG_VERSION_NUMBER | 503 WRONG_VERSION_NUMBER | reached as client             | reached as client             | 503 Connection refused | 503 no healthy upstream
    SIMPLE                       | 503 WRONG_VERSION_NUMBER | 503 WRONG_VERSION_NUMBER | 503 WRONG_VERSION_NUMBER      | 503 connection termination    | 503 Connection refused | 503 no healthy upstream
    ISTIO_MUTUAL, other identity | 503 WRONG_VERSION_NUMBER | 503 WRONG_VERSION_NUMBER | 503 CERTIFICATE_VERIFY_FAILED | 503 CERTIFICATE_VERIFY_FAILED | 503 Connection refused | 503 no healthy upstream
  `,
};

/** What may be either is named after what is expected of it. */
function orEnded(cell: string, expected: string | undefined): string {
  return expected === 'ended' && (cell === 'closed' || cell === 'reset') ? 'ended' : cell;
}

const { pods } = issueRigCertificates(Date.now());

for (const dataPlane of dataPlanes()) {
  for (const protocol of ['http', 'tcp', 'auto'] as const) {
    t.test(
      `on ${dataPlane.title} a captured call to a ${protocol} service ends as drawn`,
      dataPlane.options,
      async (t) => {
        const { columns, rows } = readTable(TABLES[protocol]);
        t.strictSame(columns, SERVERS);
        const services = rows.flatMap(({ name }) =>
          SERVERS.map((server): RigService => ({ protocol, server, ...(CLIENTS[name] ?? { tls: 'plaintext' }) })),
        );
        await using rig = await startRig(dataPlane.create(), { certificates: pods, services });
        const call = protocol === 'tcp' ? capturedBytes : capturedHttp;
        const shown = await Promise.all(rig.virtualAddresses.map((destination) => call(rig.capture, destination)));
        const measured = rows.map(({ name }, index) => ({
          name,
          cells: shown
            .slice(index * SERVERS.length, (index + 1) * SERVERS.length)
            .map((cell, column) => orEnded(cell, rows[index]?.cells[column])),
        }));
        for (const line of drawTable(
          ['client', ...columns],
          measured.map(({ name, cells }) => [name, ...cells]),
        ))
          t.comment(line);
        t.strictSame(measured, rows);
      },
    );
  }

  t.test(
    `on ${dataPlane.title} bytes to an auto service travel over the TCP chain of the server`,
    dataPlane.options,
    async (t) => {
      const services: readonly RigService[] = [
        { protocol: 'auto', server: 'STRICT', tls: 'istio-mutual' },
        { protocol: 'auto', server: 'STRICT', tls: 'plaintext' },
      ];
      await using rig = await startRig(dataPlane.create(), { certificates: pods, services });
      const shown = await Promise.all(
        rig.virtualAddresses.map((destination) => capturedBytes(rig.capture, destination)),
      );
      t.strictSame(shown, ['reached', 'closed']);
    },
  );

  t.test(
    `on ${dataPlane.title} a call to a pod's own address passes through in plaintext`,
    dataPlane.options,
    async (t) => {
      const services: readonly RigService[] = [{ protocol: 'http', server: 'STRICT', tls: 'istio-mutual' }];
      await using rig = await startRig(dataPlane.create(), { certificates: pods, services });
      const calls = (['DISABLE', 'PERMISSIVE', 'STRICT'] as const).map((mode) => rig.port('http', mode));
      const shown = await Promise.all(calls.map((destination) => capturedHttp(rig.capture, destination)));
      t.strictSame(shown, ['reached', 'reached', 'closed']);
    },
  );
}
