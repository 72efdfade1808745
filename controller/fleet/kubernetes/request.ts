/** Single requests to the API server, under the name of the room that makes most of them. */
export { KubernetesApi } from '../../api-server/kubernetes-api.ts';
