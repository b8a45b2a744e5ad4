// Warns two minutes before the server ends the session, lets the user stay, and hides the page once it ended.
// What was typed stays in the page: signing in on another page and coming back loses nothing (WCAG 2.2.6).
import { answered } from './request.js';

const WARNING = 120;

export function startSession(dialog) {
  const idle = Number(dialog.dataset.idle);
  const clock = dialog.querySelector('[data-clock]');
  const channel = 'BroadcastChannel' in window ? new BroadcastChannel('testigo-session') : null;
  let last = Date.now();

  const ended = (is) => {
    dialog.querySelector('[data-ending]').hidden = is;
    dialog.querySelector('[data-ended]').hidden = !is;
  };
  const renew = () => {
    last = Date.now();
    ended(false);
    if (dialog.open) dialog.close();
  };
  const ask = async () => {
    const answer = await fetch(dialog.dataset.keep, { redirect: 'manual' }).catch(() => null);
    if (answer?.ok) answered();
    else if (answer) ended(true);
  };
  const tick = () => {
    const left = Math.ceil(idle - (Date.now() - last) / 1000);
    if (left > WARNING) return;
    if (!dialog.open) dialog.showModal();
    ended(left <= 0);
    const shown = Math.max(0, left);
    clock.textContent = `${Math.floor(shown / 60)}:${String(shown % 60).padStart(2, '0')}`;
  };

  document.addEventListener('testigo:answered', () => { renew(); channel?.postMessage('answered'); });
  document.addEventListener('htmx:afterRequest', (event) => { if (event.detail.successful) answered(); });
  channel?.addEventListener('message', renew);
  channel?.postMessage('answered'); // this page was just given: other pages of the same user are fresh too
  dialog.addEventListener('cancel', (event) => { event.preventDefault(); ask(); });
  for (const button of dialog.querySelectorAll('[data-stay], [data-back]')) button.addEventListener('click', ask);
  setInterval(tick, 1000);
}
