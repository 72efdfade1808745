/** What a preview foretells of what was measured, in lines. */
import type { Foreseen, MeasuredPreview } from '../gate/measured-preview.ts';
import { CERTAINTIES } from '../gate/prediction.ts';
import type { Certainty } from '../gate/prediction.ts';
import { counted } from '../judge/sentences.ts';
import { routeGroups } from './compared-routes.ts';
import { probeKey, targetKey, vantageKey } from '../../proto/vocabulary.ts';
import type { Cell } from '../judge/finding.ts';
import { targetName } from './measured-names.ts';
import type { Page, Tone } from './page.ts';
import { paint } from './page.ts';
import { paragraph } from './text-layout.ts';

const TITLES: Readonly<Record<Certainty, string>> = {
  certain: 'Works today, and stops for certain',
  probable: 'Works today, and probably stops',
  unknown: 'Nobody can say whether it stops',
};

const TONES: Readonly<Record<Certainty, Tone>> = { certain: 'bad', probable: 'warn', unknown: 'warn' };
const SHOWN = 6;

const OTHERS: Readonly<Partial<Record<Foreseen['kind'], string>>> = {
  opens: 'Refused today, and opens',
  downgrades: 'Over mutual TLS today, and loses it',
  mends: 'Fails today, and begins to work',
  secures: 'In plaintext today, and gets mutual TLS',
};

/** Title and routes with why; what stops first. */
export function foreseenItems({
  foreseen,
  alreadyClosed,
}: MeasuredPreview): readonly (readonly [string, readonly string[]])[] {
  const stopping = foreseen.filter(({ kind }) => kind === 'breaks' || kind === 'unsure');
  const sections: readonly (readonly [string, readonly Foreseen[]])[] = [
    ...CERTAINTIES.map(
      (certainty) => [TITLES[certainty], stopping.filter((one) => one.certainty === certainty)] as const,
    ),
    ...Object.entries(OTHERS).map(([kind, title]) => [title, foreseen.filter((one) => one.kind === kind)] as const),
  ];
  const items = sections.map(
    ([title, members]) => [`${title}: ${counted(members.length, 'route')}`, itemsOf(members)] as const,
  );
  const closed = routeGroups(alreadyClosed.map(named)).map((route) => `${route}: it does not work today either`);
  return [
    ...items,
    [`Would be shut out, and is closed already: ${counted(alreadyClosed.length, 'route')}`, closed] as const,
  ].filter(([, lines]) => lines.length > 0);
}

export function measuredLines(measured: MeasuredPreview, page: Page): string[][] {
  const sections = foreseenItems(measured).map(([title, items]) => {
    const tone = CERTAINTIES.find((certainty) => title.startsWith(TITLES[certainty]));
    const rest = items.length - SHOWN;
    return [
      paint(page, tone === undefined ? 'strong' : TONES[tone], title),
      ...items.slice(0, SHOWN).flatMap((item) => paragraph('  ', item, page.columns)),
      ...(rest > 0 ? [`  and ${String(rest)} more`] : []),
    ];
  });
  const { strangers, foreseen, baseline } = measured;
  const said = `${String(baseline.cells.length)} routes were measured in sweep ${baseline.sweepId}`;
  const unknown = strangers === 0 ? '' : `; of ${String(strangers)} of them these manifests know nothing`;
  const none = foreseen.length === 0 ? ', and nothing of it changes' : '';
  return [...sections, paragraph('', `${said}${none}${unknown}.`, page.columns)];
}

/** One line for routes with one reason. */
function itemsOf(members: readonly Foreseen[]): readonly string[] {
  const groups = Map.groupBy(members, ({ why }) => why);
  return [...groups].flatMap(([why, group]) =>
    routeGroups(group.map(({ cell }) => named(cell))).map((route) => `${route}: ${why}`),
  );
}

function named(cell: Cell): { readonly vantage: string; readonly target: string; readonly probe: string } {
  const target = cell.target.kind === 'pod' ? `pods:${targetName(cell)}` : targetKey(cell.target);
  const { namespace, serviceAccount, dataPlane } = cell.vantage;
  return { vantage: vantageKey({ namespace, serviceAccount, dataPlane }), target, probe: probeKey(cell.probe) };
}
