/** What the page does where there is script: follows the matrix, shows evidence in a dialog, moves by arrow keys. */
import { MOVING_SCRIPT } from './moving-script.ts';

/** The browser's, and not ours to run; so it has neither back-quotes nor types. */
export const LIVE_SCRIPT = String.raw`'use strict';
(() => {
  /** The controller sends something every 15 seconds. */
  const SILENCE_MS = 40000;
  const AGAIN_MS = 3000;
  const NAMED = 3;

  const body = document.body;
  const byId = (id) => document.getElementById(id);
  const main = document.querySelector('main');
  const gone = byId('gone');
  const news = byId('news');
  const dialog = byId('evidence');
  const evidence = byId('evidence-body');

  let tag = body.dataset.tag;
  let latest = tag;
  let heardAt = Date.now();
  let isAsking = false;

  // Silence must not look like health: what nobody speaks for any more is grey, and says since when.
  function lose() {
    if (body.classList.contains('lost')) return;
    body.classList.add('lost');
    const since = new Date(heardAt).toISOString().slice(0, 19).replace('T', ' ');
    gone.textContent =
      'No word from the controller since ' + since + ' UTC. What is shown is what was known then, and may be wrong by now.';
    gone.hidden = false;
  }

  function hear() {
    heardAt = Date.now();
    if (!body.classList.contains('lost')) return;
    body.classList.remove('lost');
    gone.hidden = true;
    gone.textContent = '';
  }

  function listen() {
    const source = new EventSource('/live');
    source.addEventListener('matrix', (event) => {
      latest = JSON.parse(event.data).tag;
      follow();
    });
    source.addEventListener('pulse', follow);
    source.addEventListener('again', () => {
      source.close();
      listen();
    });
    source.addEventListener('error', () => {
      lose();
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(listen, AGAIN_MS);
      // Whoever may not look any more is asked for a token.
      catchUp().catch(lose);
    });
  }

  async function follow() {
    if (isAsking) return;
    isAsking = true;
    try {
      while (latest !== tag) await catchUp();
      hear();
    } catch {
      lose();
    } finally {
      isAsking = false;
    }
  }

  async function catchUp() {
    const wanted = latest;
    const answer = await fetch('/live/changes?since=' + encodeURIComponent(tag));
    if (answer.status === 401) {
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error('status ' + answer.status);
    const changes = await answer.json();
    if (changes.isAnother) await replaceAll();
    else apply(changes);
    // The matrix may have moved on meanwhile; only what has been asked for is caught up with.
    if (latest === wanted) latest = tag;
  }

  function apply(changes) {
    const changed = [];
    for (const [id, look, glyph, label] of changes.marks) {
      const tile = byId(id);
      if (tile === null) continue;
      if (tile.className.split(' ')[0] !== look.split(' ')[0]) {
        changed.push(label);
        flash(tile);
      }
      tile.className = look;
      tile.textContent = glyph;
      tile.setAttribute('aria-label', label);
      if (dialog.open && id === shown.id) showEvidence(shown);
    }
    for (const [id, html] of Object.entries(changes.parts)) replace(byId(id), html);
    if (changed.length > NAMED) news.textContent = changed.length + ' cells have changed.';
    else if (changed.length > 0) news.textContent = changed.join('. ');
    document.title = changes.title;
    body.classList.toggle('grey', changes.isGrey);
    tag = changes.tag;
  }

  function flash(tile) {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    tile.animate([{ outlineWidth: '6px' }, { outlineWidth: '0' }], { duration: 1500, easing: 'ease-out' });
  }

  /** Another plan: other rows and columns. */
  async function replaceAll() {
    const answer = await fetch('/', { headers: { accept: 'text/html' } });
    if (!answer.ok) throw new Error('status ' + answer.status);
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const scrolled = [...document.querySelectorAll('.scroll')].map((one) => [one.id, one.scrollLeft, one.scrollTop]);
    const { scrollX, scrollY } = window;
    for (const id of ['head', 'troubles']) replace(byId(id), next.getElementById(id).innerHTML);
    replace(main, next.querySelector('main').innerHTML);
    for (const [id, left, top] of scrolled) byId(id)?.scrollTo(left, top);
    window.scrollTo(scrollX, scrollY);
    document.title = next.title;
    body.className = next.body.className;
    tag = next.body.dataset.tag;
    news.textContent = 'The matrix has other rows or columns now.';
  }

  /** What is open stays open, and what has the focus keeps it. */
  function replace(element, html) {
    if (element === null) return;
    const open = [...element.querySelectorAll('details[open]')].map((one) => one.id);
    const name = element.contains(document.activeElement) ? nameOf(document.activeElement) : '';
    element.innerHTML = html;
    for (const id of open) byId(id)?.setAttribute('open', '');
    if (name === '') return;
    [...element.querySelectorAll('a, summary, [tabindex]')]
      .find((one) => nameOf(one) === name)
      ?.focus({ preventScroll: true });
  }

  function nameOf(element) {
    return element.id || element.getAttribute('href') || element.parentElement.id;
  }

  let shown = { id: '', href: '' };

  async function showEvidence({ id, href }) {
    shown = { id, href };
    try {
      const answer = await fetch(href + '?part=article', { headers: { accept: 'text/html' } });
      if (!answer.ok) throw new Error('status ' + answer.status);
      const text = await answer.text();
      if (shown.href === href) evidence.innerHTML = text;
    } catch (error) {
      evidence.textContent = 'The evidence cannot be had at the moment (' + error.message + ').';
    }
  }

  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest('a[href^="/routes/"]');
    if (link === null) return;
    event.preventDefault();
    if (!dialog.open) {
      evidence.textContent = '';
      dialog.showModal();
    }
    showEvidence({ id: link.id, href: link.getAttribute('href') });
  });

  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });

  /** The browser gives the focus back by itself, unless the link was replaced meanwhile. */
  dialog.addEventListener('close', () => {
    if (document.activeElement === body) byId(shown.id)?.focus();
  });

${MOVING_SCRIPT}
  setInterval(() => {
    if (Date.now() - heardAt > SILENCE_MS) lose();
  }, 1000);
  listen();
})();
`;
