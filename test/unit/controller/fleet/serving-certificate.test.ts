import { X509Certificate, createPrivateKey } from 'node:crypto';
import t from 'tap';
import { lastingCertificate, makeServingCertificate } from '../../../../controller/fleet/serving-certificate.ts';
import type { ServingCertificate } from '../../../../controller/fleet/serving-certificate.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-01-02T12:00:00Z');
const NAMES = ['localhost', '10.0.0.7', 'controller.meshproof.svc'];

interface Got {
  readonly certificate: ServingCertificate;
  readonly keptAnew: readonly ServingCertificate[];
}

async function got(kept: ServingCertificate | null, nowMs = NOW_MS, names = NAMES): Promise<Got> {
  const keptAnew: ServingCertificate[] = [];
  const keep = (one: ServingCertificate): Promise<void> => {
    keptAnew.push(one);
    return Promise.resolve();
  };
  return { certificate: await lastingCertificate(names, nowMs, { kept, keep }), keptAnew };
}

t.test('the first is made for years and for every name, and kept', async (t) => {
  const { certificate, keptAnew } = await got(null);
  t.same(keptAnew, [certificate]);
  const read = new X509Certificate(certificate.certificate);
  t.equal(read.checkHost('localhost'), 'localhost');
  t.equal(read.checkHost('controller.meshproof.svc'), 'controller.meshproof.svc');
  t.equal(read.checkIP('10.0.0.7'), '10.0.0.7');
  t.equal(read.checkPrivateKey(createPrivateKey(certificate.key)), true);
  t.ok(read.validFromDate.getTime() <= NOW_MS, 'also for agents whose clocks are slow');
  t.ok(read.validToDate.getTime() > NOW_MS + 4 * 365 * DAY_MS);
});

t.test('agents go on trusting the one that was kept', async (t) => {
  const { certificate } = await got(null);
  const later = await got(certificate, NOW_MS + 300 * DAY_MS);
  t.equal(later.certificate, certificate);
  t.same(later.keptAnew, []);
});

t.test('one that does not last, is not valid yet, or is for others is replaced', async (t) => {
  const { certificate } = await got(null);
  const cases: readonly (readonly [string, ServingCertificate, number, readonly string[]])[] = [
    ['less than a year is left', certificate, NOW_MS + (4 * 365 + 1) * DAY_MS, NAMES],
    ['the clock was far ahead when it was made', certificate, NOW_MS - DAY_MS, NAMES],
    ['the controller is reached by another name now', certificate, NOW_MS, [...NAMES, 'other.meshproof.svc']],
    ['or by another address', certificate, NOW_MS, ['localhost', '10.0.0.8']],
    ['it was made for a sweep', makeServingCertificate(NAMES, NOW_MS), NOW_MS, NAMES],
  ];
  for (const [what, kept, nowMs, names] of cases) {
    const { certificate: made, keptAnew } = await got(kept, nowMs, [...names]);
    t.not(made, kept, what);
    t.same(keptAnew, [made], what);
  }
});

t.test('one that cannot be kept is not used: agents would not know the next controller', async (t) => {
  const keep = (): Promise<void> => Promise.reject(new Error('the store is full'));
  await t.rejects(lastingCertificate(NAMES, NOW_MS, { kept: null, keep }), { message: 'the store is full' });
});
