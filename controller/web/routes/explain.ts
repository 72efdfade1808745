/** `/api/v1/explain`: what is declared of one call, stage by stage, and what was measured of it. */
import type { FastifyInstance } from 'fastify';
import { expectFlow } from '../../declared/expect.ts';
import type { FlowProbe } from '../../declared/expectation.ts';
import { conflictsOf } from '../../gate/declared-conflicts.ts';
import { flowsTo } from '../../gate/flow-arguments.ts';
import type { RouteNow } from '../../monitor/current.ts';
import { expectationItem } from '../../publish/expectation-item.ts';
import { publishExplanation } from '../../publish/explain.ts';
import { LOOK } from '../access/guard.ts';
import type { WebDeps } from '../deps.ts';
import { matrixCell } from '../matrix-document.ts';
import { HttpRefusal } from '../refusal.ts';
import { list, object } from '../schema/monitored.ts';
import { ref } from '../schema/published.ts';
import type { Shown } from '../shown.ts';
import { PROBLEMS, query } from './answers.ts';

export interface ExplainDeps extends Pick<WebDeps, 'monitored'> {
  readonly shown: () => Shown;
}

interface ExplainQuery {
  readonly source: string;
  readonly target: string;
  readonly probe?: FlowProbe;
  readonly method?: string;
  readonly path?: string;
}

const COLUMNS = 100;
const name = { type: 'string', minLength: 1, maxLength: 600 };

export function addExplain(app: FastifyInstance, { monitored, shown }: ExplainDeps): void {
  app.get<{ Querystring: ExplainQuery }>(
    '/api/v1/explain',
    {
      config: { right: LOOK },
      schema: {
        tags: ['matrix'],
        summary: 'Why one call is let through or not: every stage, and the object that decides.',
        querystring: {
          ...query({
            source: { ...name, description: 'namespace/workload, kubelet, node:NAME or ip:ADDRESS' },
            target: {
              ...name,
              description: 'namespace/service[:port], pod:namespace/name:port, host:NAME:port or ip:ADDRESS:port',
            },
            probe: { enum: ['http', 'tcp', 'grpc', 'tls', 'mtls'] },
            method: { type: 'string', maxLength: 40 },
            path: { type: 'string', maxLength: 2000 },
          }),
          required: ['source', 'target'],
        },
        response: {
          200: object({
            items: list(
              object({
                declared: ref('expectationItem'),
                conflicts: list(ref('conflict'), 'Those that the call is part of.'),
                measured: list(ref('matrixCell'), 'Cells of this caller, this target and this port.'),
                text: { type: 'string', description: 'The declared side in plain words.' },
              }),
              'One a port of the service, where none is named.',
            ),
          }),
          ...PROBLEMS,
        },
      },
    },
    ({ query: { source, target, ...flags } }) => {
      const mesh = monitored.mesh();
      if (mesh === undefined) throw new HttpRefusal(503, 'MPE_NOT_READY', 'the declared state is not known yet');
      const items = flowsTo(mesh, source, target, flags).map((flow) => {
        const expectation = expectFlow(mesh, flow);
        const conflicts = conflictsOf(mesh, flow, expectation);
        return {
          declared: expectationItem(flow, expectation),
          conflicts,
          measured: shown()
            .routes.filter((route) => isOf(route, flow))
            .map(matrixCell),
          text: publishExplanation(flow, expectation, { columns: COLUMNS, hasColour: false }, conflicts),
        };
      });
      return { items };
    },
  );
}

function isOf(
  { cell }: RouteNow,
  flow: { readonly source: string; readonly target: string; readonly port: number },
): boolean {
  const { source, vantage, target } = cell;
  const isSource = source === flow.source || `${vantage.namespace}/${vantage.serviceAccount}` === flow.source;
  const name = `${target.kind === 'pod' ? 'pod:' : ''}${target.namespace}/${target.name}`;
  return isSource && name === flow.target && target.port === flow.port;
}
