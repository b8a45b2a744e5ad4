// Starts what a page asks for by its attributes. Every page works without it where the server can.
import { startAutosave } from './autosave.js';
import { startKeys } from './keys.js';

const focused = document.querySelector('[data-focus]');
if (focused) focused.focus();

for (const form of document.querySelectorAll('form[data-autosave]')) startAutosave(form);
if (document.querySelector('[data-uploader]')) import('./upload.js').then((upload) => upload.start());
if (document.querySelector('[data-reveal]')) import('./reveal.js').then((reveal) => reveal.start());
if (document.querySelector('[data-submit-on-change]')) {
  for (const form of document.querySelectorAll('form[data-submit-on-change]')) {
    form.addEventListener('change', () => form.requestSubmit());
  }
}
// Pages that wait for the server (an export, a file being checked) ask again, politely.
for (const part of document.querySelectorAll('[data-refresh]')) {
  const again = async () => {
    const answer = await fetch(part.dataset.refresh, { headers: { Accept: 'text/html' } }).catch(() => null);
    if (answer && answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const fresh = page.getElementById(part.id);
      if (fresh && !fresh.hasAttribute('data-refresh')) return location.reload();
    }
    setTimeout(again, 1500);
  };
  setTimeout(again, 1000);
}
if (document.querySelector('.acts')) document.body.classList.add('has-acts');
startKeys(document.body.dataset.keys === 'on');
