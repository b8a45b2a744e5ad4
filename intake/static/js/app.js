// Starts what a page asks for by its attributes. Every page works without it where the server can.
import { startAutosave } from './autosave.js';
import { startKeys } from './keys.js';
import { nobodyHere, startSession } from './session.js';

const all = (selector) => [...document.querySelectorAll(selector)];

document.querySelector('[data-focus]')?.focus();
for (const form of all('form[data-autosave]')) startAutosave(form);
if (document.querySelector('[data-uploader]')) import('./upload.js').then((upload) => upload.start());
if (document.querySelector('[data-passkey]')) import('./passkey.js').then((passkey) => passkey.start());
if (document.querySelector('[data-redact] [data-add]')) import('./redact.js').then((redact) => redact.start());
if (document.querySelector('[data-viewer]')) import('./viewer.js').then((viewer) => viewer.start());
if (document.querySelector('[data-reveal]')) import('./reveal.js').then((reveal) => reveal.start());
if (document.querySelector('[data-places]')) import('./places.js').then((places) => places.start());
if (document.querySelector('[data-refresh]')) import('./refresh.js').then((refresh) => refresh.start());
document.addEventListener('change', (event) => event.target.closest('form[data-submit-on-change]')?.requestSubmit());
for (const button of all('[data-open]')) {
  button.addEventListener('click', () => document.getElementById(button.dataset.open).showModal());
}
for (const input of all('[data-reveal-password]')) showPassword(input);
const fromLink = document.querySelector('[data-from-fragment]');
if (fromLink && location.hash) {
  // The code of an invitation leaves the address at once: it is not sent, kept in history or seen over a shoulder.
  fromLink.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, '', location.pathname);
}
const session = document.getElementById('session');
if (session) startSession(session);
else nobodyHere();
startKeys(document.body.dataset.keys === 'on');

// A button that only works with scripts is made by a script.
function showPassword(input) {
  const { revealPassword: show, hideWord: hide } = input.dataset;
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: show });
  const place = Object.assign(document.createElement('span'), { className: 'pw-in' });
  input.replaceWith(place);
  place.append(input, button);
  button.addEventListener('click', () => {
    const hidden = input.type === 'password';
    input.type = hidden ? 'text' : 'password';
    button.textContent = hidden ? hide : show;
  });
}
