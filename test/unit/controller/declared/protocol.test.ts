import t from 'tap';
import { portProtocol, protocolClass } from '../../../../controller/declared/protocol.ts';

const ROWS: readonly (readonly [
  port: number,
  name: string,
  app: string | undefined,
  protocol: string,
  class_: string,
])[] = [
  [8080, 'http', undefined, 'http', 'http'],
  [8080, 'http-web', undefined, 'http', 'http'],
  [8080, 'HTTP-web', undefined, 'http', 'http'],
  [8080, 'my-http', undefined, 'unset', 'auto'],
  [8080, 'httpweb', undefined, 'unset', 'auto'],
  [8080, '', undefined, 'unset', 'auto'],
  [8080, 'http2-x', undefined, 'http2', 'http'],
  [8080, 'grpc-x', undefined, 'grpc', 'grpc'],
  [8080, 'grpc-web', undefined, 'grpc-web', 'grpc'],
  [8080, 'tcp-x', undefined, 'tcp', 'tcp'],
  [8443, 'https', undefined, 'https', 'tcp'],
  [8443, 'tls-x', undefined, 'tls', 'tcp'],
  [6379, 'redis', undefined, 'redis', 'tcp'],
  [3306, 'db', undefined, 'tcp', 'tcp'],
  [3306, 'http', undefined, 'http', 'http'],
  [8080, 'tcp', 'http', 'http', 'http'],
  [8080, 'http', 'kubernetes.io/h2c', 'http2', 'http'],
  [8080, 'http', 'kubernetes.io/ws', 'http', 'http'],
  [8080, 'http', 'kubernetes.io/wss', 'https', 'tcp'],
  [8080, 'http', 'other', 'unset', 'auto'],
];

t.test('the protocol of a port is its appProtocol, else the first word of its name, else its number', (t) => {
  for (const [port, name, app, protocol, class_] of ROWS) {
    const found = portProtocol(port, name, 'TCP', app);
    t.equal(found, protocol, `${String(port)} ${name} ${app ?? ''}`);
    t.equal(protocolClass(found), class_, `${String(port)} ${name} ${app ?? ''}: ${class_}`);
  }
  t.end();
});
