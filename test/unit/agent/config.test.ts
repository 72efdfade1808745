import t from 'tap';
import { parseAddress, readConfig } from '../../../agent/config.ts';

const LEAST = {
  MESHPROOF_CONTROLLER: 'controller.meshproof.svc:9000',
  MESHPROOF_CONTROLLER_CA: '/ca.pem',
  MESHPROOF_TOKEN_FILE: '/token',
  MESHPROOF_AGENT_ID: 'web-1',
  MESHPROOF_NAMESPACE: 'shop',
  MESHPROOF_SERVICE_ACCOUNT: 'web',
  MESHPROOF_DATA_PLANE: 'naked',
};

t.test('the variables that must be set are enough', (t) => {
  t.strictSame(readConfig(LEAST), {
    agentId: 'web-1',
    vantage: { namespace: 'shop', serviceAccount: 'web', dataPlane: 'naked' },
    controller: { host: 'controller.meshproof.svc', port: 9000 },
    controllerCaFile: '/ca.pem',
    tokenFile: '/token',
    capture: undefined,
    readiness: undefined,
    endsSidecar: false,
    mesh: { trustDomain: 'cluster.local', rootFile: undefined, ca: undefined },
    maxInFlight: 64,
    reconnectJitterMs: 5000,
    giveUpAfterMs: 0,
    exitsOnStdinEnd: false,
    logLevel: 'info',
  });
  t.end();
});

t.test('a sidecar that iptables leads to is asked for its readiness, a sandbox capture point is not', (t) => {
  const sidecar = { ...LEAST, MESHPROOF_DATA_PLANE: 'sidecar' };
  t.strictSame(readConfig(sidecar).readiness, { host: '127.0.0.1', port: 15021 });
  t.equal(readConfig(sidecar).endsSidecar, true);
  const captured = readConfig({ ...sidecar, MESHPROOF_CAPTURE: '127.64.0.2:15001' });
  t.equal(captured.readiness, undefined);
  t.equal(captured.endsSidecar, false);
  t.strictSame(captured.capture, { host: '127.64.0.2', port: 15001 });
  t.end();
});

t.test('a mesh CA needs its token and its root', (t) => {
  const ca = { ...LEAST, MESHPROOF_MESH_CA: '127.0.0.1:15012' };
  t.throws(() => readConfig(ca), { code: 'MPE_INVALID_CONFIG', message: /MESHPROOF_MESH_CA_TOKEN_FILE is not set/ });
  t.throws(() => readConfig(ca), { message: /MESHPROOF_MESH_ROOT is not set/ });
  const whole = { ...ca, MESHPROOF_MESH_CA_TOKEN_FILE: '/mesh-token', MESHPROOF_MESH_ROOT: '/root.pem' };
  t.strictSame(readConfig(whole).mesh, {
    trustDomain: 'cluster.local',
    rootFile: '/root.pem',
    ca: {
      address: { host: '127.0.0.1', port: 15012 },
      serverName: 'istiod.istio-system.svc',
      tokenFile: '/mesh-token',
    },
  });
  t.end();
});

t.test('every wrong value is named, with what it is and what it may be', (t) => {
  const cases: readonly (readonly [name: string, value: string, says: RegExp])[] = [
    ['CONTROLLER', 'nowhere', /MESHPROOF_CONTROLLER is "nowhere"; set it to host:port/],
    ['CONTROLLER', 'a:0', /MESHPROOF_CONTROLLER is "a:0"/],
    ['CONTROLLER', '', /MESHPROOF_CONTROLLER is not set; set it to host:port/],
    ['AGENT_ID', '', /MESHPROOF_AGENT_ID is not set/],
    ['DATA_PLANE', 'meshed', /MESHPROOF_DATA_PLANE is "meshed"; set it to one of naked, sidecar, ambient, host/],
    ['CAPTURE', '15001', /MESHPROOF_CAPTURE is "15001"/],
    ['MAX_IN_FLIGHT', '0', /MESHPROOF_MAX_IN_FLIGHT is "0"; set it to a whole number from 1 to 4096/],
    ['MAX_IN_FLIGHT', 'many', /MESHPROOF_MAX_IN_FLIGHT is "many"/],
    ['LOG_LEVEL', 'loud', /MESHPROOF_LOG_LEVEL is "loud"; set it to one of debug, info, warn, error/],
    ['EXIT_ON_STDIN_END', 'yes', /MESHPROOF_EXIT_ON_STDIN_END is "yes"; set it to one of 0, 1/],
  ];
  for (const [name, value, says] of cases) {
    t.throws(() => readConfig({ ...LEAST, [`MESHPROOF_${name}`]: value }), { message: says }, `${name}=${value}`);
  }
  t.throws(() => readConfig({ ...LEAST, MESHPROOF_LOG_LEVEL: 'loud', MESHPROOF_CAPTURE: 'x' }), {
    message: /MESHPROOF_CAPTURE[^]*MESHPROOF_LOG_LEVEL/,
  });
  t.end();
});

t.test('addresses are read with names, IPv4 and bracketed IPv6', (t) => {
  t.strictSame(parseAddress('[::1]:80'), { host: '::1', port: 80 });
  t.strictSame(parseAddress('10.0.0.1:65535'), { host: '10.0.0.1', port: 65535 });
  for (const wrong of ['::1:80', '[10.0.0.1]:80', 'a:65536', 'a:', ':80', 'a:b', 'a']) {
    t.equal(parseAddress(wrong), undefined, wrong);
  }
  t.end();
});
