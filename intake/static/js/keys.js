// Single-letter keys: off while typing, off when the user says so (WCAG 2.1.4); each has a visible button or link.
// A page names its keys by attributes: data-key="e" on a link or button, data-key-item on what J and K walk through,
// data-go="s" on what G then S opens. Ctrl+Enter sends the form one is typing in; it works in every case.
const WAIT = 1200;
const typing = (target) => target.closest('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]') !== null;
const current = () => document.querySelector('[data-key-item].cur');

export function startKeys(on) {
  let pending = 0;
  const letter = (key) => {
    if (pending) {
      clearTimeout(pending);
      pending = 0;
      return document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    }
    if (key === 'g') pending = setTimeout(() => { pending = 0; }, WAIT);
    else if (key === '/') document.querySelector('input[type=search]')?.focus();
    else if (key === '?') document.getElementById('key-help')?.showModal();
    else if (key === 'j' || key === 'k') step(key === 'j' ? 1 : -1);
    else if (key === 'enter') return current()?.querySelector('a');
    else return within(current(), key) ?? within(document, key);
    return null;
  };
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) return sendForm(event.target.form);
    if (event.key === 'Escape') document.querySelector('details.account[open]')?.removeAttribute('open');
    if (!on || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector('dialog[open]')) return;
    const key = event.key.toLowerCase();
    if (key === 'enter' && event.target !== document.body) return;
    if (key === '/') event.preventDefault();
    const target = letter(key);
    if (target) { event.preventDefault(); target.focus(); target.click(); }
  });
}

const within = (place, key) => place?.querySelector(`[data-key="${CSS.escape(key)}"]`);

function sendForm(form) {
  form?.requestSubmit(form.querySelector('button[name=go][value=on]') ?? form.querySelector('button:not([type=button])'));
}

function step(by) {
  const items = [...document.querySelectorAll('[data-key-item]')];
  if (items.length === 0) return;
  const here = items.indexOf(current());
  const next = items[Math.min(items.length - 1, Math.max(0, here + by))];
  for (const item of items) item.classList.toggle('cur', item === next);
  (next.querySelector('a, button, textarea') ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
}
