/** How a reader with a keyboard moves over the tables where there is script; the browser's, so it is here as text. */

/** For the inside of a function. */
export const MOVING_SCRIPT = String.raw`  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  document.addEventListener('keydown', (event) => {
    const cell = event.target.closest('table td');
    if (cell === null || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const found = neighbour(cell, event.key);
    if (found === undefined) return;
    event.preventDefault();
    found?.focus();
  });

  /** Undefined: not a key that moves. Null: there is nothing that way. */
  function neighbour(cell, key) {
    const row = cell.parentElement;
    if (key === 'Home') return row.querySelector('td a');
    if (key === 'End') return [...row.querySelectorAll('td a')].at(-1) ?? null;
    if (!(key in STEPS)) return undefined;
    const [down, right] = STEPS[key];
    const { rows } = row.closest('table');
    let [y, x] = [row.rowIndex + down, cell.cellIndex + right];
    for (; y >= 0 && y < rows.length && x >= 0 && x < rows[y].cells.length; y += down, x += right) {
      const link = rows[y].cells[x].querySelector('a');
      if (link !== null) return link;
    }
    return null;
  }

  function openTarget() {
    const target = location.hash === '' ? null : document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.tagName === 'DETAILS') target.open = true;
  }

  addEventListener('hashchange', openTarget);
  openTarget();
`;
