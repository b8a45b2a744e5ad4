// Single-letter keys: off while typing, off when the user says so (WCAG 2.1.4); each has a visible button or link.
// A page names its keys by attributes: data-key="e" on a link or button, data-key-list="next" on a list of [data-key-item].
const typing = (target) => target.closest('input, textarea, select, [contenteditable]') !== null;
const go = { s: '/search', d: '/declarations', i: '/incidents', t: '/' };

export function startKeys(on) {
  let pending = '';
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === 'Escape') document.querySelector('details.account[open]')?.removeAttribute('open');
    if (!on) return;
    const key = event.key.toLowerCase();
    if (pending === 'g') {
      pending = '';
      if (go[key]) location.assign(go[key]);
      return;
    }
    if (key === 'g') {
      pending = 'g';
      setTimeout(() => { pending = ''; }, 1200);
      return;
    }
    if (key === '/') {
      const box = document.querySelector('input[type=search]');
      if (box) { event.preventDefault(); box.focus(); }
      return;
    }
    if (key === '?') return document.getElementById('key-help')?.showModal();
    if (key === 'j' || key === 'k') return step(key === 'j' ? 1 : -1);
    if (key === 'enter' && event.target === document.body) return current()?.querySelector('a')?.click();
    const target = current()?.querySelector(`[data-key="${key}"]`) ?? document.querySelector(`[data-key="${key}"]`);
    if (target) { event.preventDefault(); target.click(); target.focus(); }
  });
}

const current = () => document.querySelector('[data-key-item].cur');

function step(by) {
  const items = [...document.querySelectorAll('[data-key-item]')];
  if (items.length === 0) return;
  const here = items.indexOf(current());
  const next = items[Math.min(items.length - 1, Math.max(0, here + by))];
  for (const item of items) item.classList.toggle('cur', item === next);
  const link = next.querySelector('a, button, textarea');
  (link ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
}
