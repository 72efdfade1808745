/** What a raw caller meets at a sidecar's port, for every protocol, mode and probe, on both data planes. */
import t from 'tap';
import { MODES, PROTOCOLS, startRig } from '../support/mesh-rig.ts';
import type { Rig } from '../support/mesh-rig.ts';
import type { ChainProtocol } from '../../deploy/sandbox/reality.ts';
import { dataPlanes } from '../support/data-planes.ts';
import { drawTable, readTable } from '../support/drawn-table.ts';
import { issueRigCertificates } from '../support/rig-certificates.ts';
import { bytesCode, CERTIFICATE_KINDS, httpCode, silentCode, tlsCode } from '../support/outcome-codes.ts';
import type { ClientCertificates } from '../support/outcome-codes.ts';
import { INBOUND } from '../support/truth-tables.ts';

const TLS_VERSIONS = ['TLSv1.3', 'TLSv1.2'] as const;

for (const dataPlane of dataPlanes()) {
  t.test(dataPlane.title, dataPlane.options, async (t) => {
    const { pods, clients } = issueRigCertificates(Date.now());
    await using rig = await startRig(dataPlane.create(), { certificates: pods });
    for (const protocol of PROTOCOLS) {
      await t.test(`a port declared ${protocol} answers as the truth table says`, async (t) => {
        const { columns, rows } = readTable(INBOUND[protocol]);
        t.strictSame(columns, MODES);
        const measureRow = async ({ name }: { readonly name: string }) => ({
          name,
          cells: await Promise.all(MODES.map((mode) => measure(rig, protocol, mode, name, clients))),
        });
        // Silence is measured by waiting, so nothing else may keep the machine busy then.
        const isSilent = ({ name }: { readonly name: string }): boolean => name === 'silent';
        const speaking = await Promise.all(rows.filter((row) => !isSilent(row)).map(measureRow));
        const silent = await Promise.all(rows.filter(isSilent).map(measureRow));
        const byName = new Map([...speaking, ...silent].map((row) => [row.name, row]));
        const measured = rows.map(({ name }) => ({ name, cells: byName.get(name)?.cells ?? [] }));
        const drawn = measured.map(({ name, cells }) => [name, ...cells]);
        for (const line of drawTable(['probe', ...columns], drawn)) t.comment(line);
        t.strictSame(measured, rows);
      });
    }
  });
}

/** A TLS probe is made in both versions; where they disagree, both are shown. */
async function measure(
  rig: Rig,
  protocol: ChainProtocol,
  mode: (typeof MODES)[number],
  probe: string,
  clients: ClientCertificates,
): Promise<string> {
  const to = rig.port(protocol, mode);
  const [kind = '', ...words] = probe.split(' ');
  switch (kind) {
    case 'http':
      return httpCode(to);
    case 'bytes':
      return bytesCode(to);
    case 'silent':
      return silentCode(rig.serverFirstPort(protocol, mode));
    case 'tls':
    case 'mtls': {
      const certificate = kind === 'mtls' ? CERTIFICATE_KINDS.find((each) => each === words[0]) : undefined;
      const alpn = kind === 'mtls' ? words.slice(1) : words;
      const codes = await Promise.all(
        TLS_VERSIONS.map((version) =>
          tlsCode(to, version, alpn, certificate === undefined ? undefined : clients[certificate]),
        ),
      );
      return [...new Set(codes)].join(' / ');
    }
    default:
      throw new Error(`no probe ${kind}`);
  }
}
