/** What an API server would answer to the questions of sinks; keeps what it was asked. */
import type { AskCluster, ClusterAnswer, ClusterRequest } from '../../controller/tell/cluster-request.ts';

export class FakeCluster {
  readonly requests: ClusterRequest[] = [];
  /** The answer to everything that a test has no other for. */
  answer: (request: ClusterRequest) => ClusterAnswer | undefined;

  constructor(answer: (request: ClusterRequest) => ClusterAnswer | undefined = () => undefined) {
    this.answer = answer;
  }

  /** Services and pods are there, each with its own uid; whatever is written is taken. */
  readonly ask: AskCluster = (request, signal) => {
    signal.throwIfAborted();
    this.requests.push(request);
    const given = this.answer(request);
    if (given !== undefined) return Promise.resolve(given);
    if (request.verb !== 'list') return Promise.resolve({ status: request.verb === 'create' ? 201 : 200, body: {} });
    const name = /metadata\.name%3D(.*)$/.exec(request.path)?.[1];
    const items = name === undefined ? [] : [{ metadata: { name, uid: `uid-of-${name}` } }];
    return Promise.resolve({ status: 200, body: { items } });
  };

  asked(verb: ClusterRequest['verb']): readonly ClusterRequest[] {
    return this.requests.filter((request) => request.verb === verb);
  }
}
