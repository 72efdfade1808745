/** The path that authorization judges, after the proxy has normalized the one that was sent. */
import type { PathNormalization } from './mesh-settings.ts';

const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** istio: tests/integration/security/normalization_test.go; Envoy's `normalize_path` and `merge_slashes`. */
export function judgedPath(sent: string, normalization: PathNormalization): string {
  const [path = ''] = sent.split(/[?#]/);
  if (normalization === 'NONE') return path;
  const slashed =
    normalization === 'DECODE_AND_MERGE_SLASHES' ? path.replace(/%2f/gi, '/').replace(/%5c/gi, '\\') : path;
  const decoded = slashed
    .replace(/%[0-9a-f]{2}/gi, (code) => {
      const character = String.fromCharCode(Number.parseInt(code.slice(1), 16));
      return UNRESERVED.test(character) ? character : code;
    })
    .replaceAll('\\', '/');
  const plain = withoutDots(decoded);
  const isMerged = normalization === 'MERGE_SLASHES' || normalization === 'DECODE_AND_MERGE_SLASHES';
  return isMerged ? plain.replace(/\/{2,}/g, '/') : plain;
}

function withoutDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..') kept.pop();
    if (segment === '.' || segment === '..') {
      if (isLast) kept.push('');
    } else {
      kept.push(segment);
    }
  }
  return `/${kept.join('/')}`;
}
