/* What the pages do beyond reading and sending forms: copy, move through tables, close menus, keep progress alive. */
(() => {
  'use strict';
  const each = (root, selector, fn) => root.querySelectorAll(selector).forEach(fn);

  function ready(root) {
    each(root, '[data-copy]', (b) => { b.hidden = !navigator.clipboard; });
    each(root, '[data-focus]', (e) => e.focus());
    if (!window.htmx) each(root, '[data-poll]', poll);
  }

  // Without htmx, progress is fetched here once a second until the answer no longer asks for it.
  function poll(node) {
    setTimeout(async () => {
      try {
        const answer = await fetch(node.dataset.poll, { headers: { 'HX-Request': 'true' } });
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const next = page.getElementById(node.id);
        if (!next) return;
        node.replaceWith(next);
        if (next.dataset.poll) poll(next);
      } catch { poll(node); }
    }, 1000);
  }

  async function copy(button) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    const label = button.querySelector('span');
    const before = label.textContent;
    label.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = before; }, 2000);
  }

  // Up and down move between the links of a table's rows; j and k do the same, "/" goes to the search.
  function move(event) {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const table = event.target.closest('table[data-keys]') || (event.key.length === 1 && document.querySelector('table[data-keys]'));
    if (!table) return;
    const links = [...table.querySelectorAll('a.row')];
    const at = links.findIndex((a) => a.closest('tr').contains(document.activeElement));
    const next = links[Math.min(Math.max(at + step, 0), links.length - 1)];
    if (next) { event.preventDefault(); next.focus(); }
  }

  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-copy]');
    if (button) copy(button);
    each(document, 'details[data-menu][open]', (d) => { if (!d.contains(event.target)) d.open = false; });
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      each(document, 'details[data-menu][open]', (d) => { d.open = false; d.querySelector('summary').focus(); });
      return;
    }
    if (event.target.closest('input, select, textarea, [contenteditable]')) return;
    if (event.key === '/') {
      const find = document.querySelector('main [data-find], [data-find]');
      if (find) { event.preventDefault(); find.focus(); }
      return;
    }
    move(event);
  });
  document.addEventListener('htmx:load', (event) => ready(event.detail.elt));
  if (!window.htmx) ready(document); else ready(document.body);
})();
