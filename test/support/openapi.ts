/** Holds answers to what /openapi.json says of them. */
import { Ajv2020 } from 'ajv/dist/2020.js';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, unknown>> }>>>
  >;
}

export interface Described {
  readonly document: OpenApi;
  /** Faults of the body of an answer; null: it is as described. Throws where no such answer is described. */
  readonly faults: (method: 'get' | 'post', path: string, status: string, body: unknown) => string | null;
}

export async function described(address: string): Promise<Described> {
  const document = (await (await fetch(`${address}/openapi.json`)).json()) as OpenApi;
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } });
  ajv.addSchema(document, 'openapi');
  return {
    document,
    faults: (method, path, status, body) => {
      const operation = document.paths[path]?.[method];
      if (operation?.responses[status] === undefined) throw new Error(`${method} ${path} has no answer ${status}`);
      const place = ['paths', path, method, 'responses', status, 'content', 'application/json', 'schema'];
      const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).map(encodeURIComponent);
      const validate = ajv.compile({ $ref: `openapi#/${pointer.join('/')}` });
      return validate(body) ? null : ajv.errorsText(validate.errors);
    },
  };
}
