// Warns two minutes before the server ends the session, lets the user stay, and covers the page once it ended.
// What was typed stays in the page: who signs in again on another page can send the same form (WCAG 2.2.1, 2.2.5).
import { answered, send, useToken } from './request.js';

const WARNING = 120; // seconds
const TYPING = 60_000; // typing tells the server at most once in this many milliseconds
const channel = 'BroadcastChannel' in window ? new BroadcastChannel('testigo-session') : null;

// A page on which nobody is signed in tells the user's other pages to look.
export const nobodyHere = () => channel?.postMessage('ended');

export function startSession(dialog) {
  const { idle, longest, here, state, who } = dialog.dataset;
  const part = (name) => dialog.querySelector(`[data-${name}]`);
  let ends = 0;
  let limit = Date.now() + longest * 1000;
  let told = Date.now();
  let over = false;

  const show = (name) => {
    for (const each of ['ending', 'ended', 'other']) part(each).hidden = each !== name;
    dialog.setAttribute('aria-labelledby', part(name).querySelector('h2').id);
    over = name !== 'ending';
    if (!dialog.open) dialog.showModal();
  };
  const close = () => {
    over = false;
    if (dialog.open) dialog.close();
  };
  const renew = () => {
    ends = Date.now() + idle * 1000;
    if (!over) close();
  };
  // Asks how long the session stays open; asking does not keep it open.
  const look = async () => {
    const answer = await fetch(state, { headers: { Accept: 'application/json' } }).catch(() => null);
    if (!answer?.ok) return; // away: the page stays as it is, and the next look tells
    const now = await answer.json();
    if (now.idle <= 0) {
      show('ended');
    } else if (now.who !== who) {
      show('other');
    } else {
      useToken(now.token);
      ends = Date.now() + now.idle * 1000;
      limit = Date.now() + now.longest * 1000;
      close();
    }
  };
  const stay = async () => {
    told = Date.now();
    const answer = await send(here).catch(() => null);
    if (answer && !answer.ok) look();
  };
  const tick = () => {
    const left = Math.ceil((Math.min(ends, limit) - Date.now()) / 1000);
    if (over || left > WARNING) return;
    if (left <= 0) {
      look();
      return;
    }
    show('ending');
    part('longest-words').hidden = limit > ends;
    part('idle-words').hidden = limit <= ends;
    part('stay').hidden = limit <= ends;
    part('clock').textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  };

  document.addEventListener('testigo:answered', () => { renew(); channel?.postMessage('answered'); });
  document.addEventListener('htmx:afterRequest', (event) => { if (event.detail.successful) answered(); });
  document.addEventListener('input', () => { if (Date.now() - told > TYPING) stay(); });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
  window.addEventListener('pageshow', (event) => { if (event.persisted) look(); });
  channel?.addEventListener('message', (event) => (event.data === 'ended' ? look() : renew()));
  dialog.addEventListener('cancel', (event) => { event.preventDefault(); if (over) look(); else stay(); });
  part('stay').addEventListener('click', stay);
  for (const button of dialog.querySelectorAll('[data-back]')) button.addEventListener('click', look);
  renew();
  channel?.postMessage('answered'); // this page was just given: other pages of the same user are fresh too
  setInterval(tick, 1000);
}
