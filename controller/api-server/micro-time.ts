/** Times as `metav1.MicroTime` takes them. */

/** With exactly six digits (kubernetes: apimachinery/pkg/apis/meta/v1/micro_time.go:RFC3339Micro). */
export function microTime(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '000Z');
}
