/** What RBAC is asked for, under the name of the room that needs most of it. */
export type { Access } from '../../api-server/refusal.ts';
