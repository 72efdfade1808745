/** A request that was turned down, for a reader. */
import type { Problem } from '../refusal.ts';
import { frame } from './frame.ts';
import { markup } from './markup.ts';
import { signInForm } from './sign-in-page.ts';

/** With the way to sign in, where that may help. */
export function errorPage(statusCode: number, { code, message, hint }: Problem): string {
  return frame({
    title: `${String(statusCode)}: ${message}`,
    main: markup`<h1>That did not work</h1>
      <p class="lead">${sentence(message)}</p>
      <p>${hint}</p>
      <p class="quiet">Status ${statusCode}, ${code}</p>
      ${statusCode === 401 || statusCode === 403 ? signInForm() : null}
      <p><a href="/">The matrix</a></p>`,
  });
}

function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}${message.endsWith('.') ? '' : '.'}`;
}
