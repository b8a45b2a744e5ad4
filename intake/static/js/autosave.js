// Saves a step two seconds after the last key, and says which state the words are in. Nothing typed is ever cleared.
import { token } from './request.js';

const PAUSE = 2000;

export function startAutosave(form) {
  const say = document.querySelector('[data-saved]');
  let timer = 0;
  let running = false;
  let dirty = false;

  const show = (words, state) => {
    if (!say) return;
    say.textContent = words;
    say.dataset.state = state;
  };

  async function save() {
    if (running) return;
    running = true;
    dirty = false;
    const body = new FormData(form);
    body.delete('once_key');
    const answer = await fetch(form.dataset.autosave, {
      method: 'POST',
      body,
      headers: { 'X-Autosave': '1', 'X-CSRFToken': token(), Accept: 'application/json' },
    }).catch(() => null);
    running = false;
    if (answer && answer.ok) {
      const { saved_at: savedAt, version } = await answer.json();
      const field = form.querySelector('[name=version]');
      if (field && version !== undefined) field.value = version;
      show(`${form.dataset.savedWord} ${savedAt}`, 'saved');
      if (dirty) plan();
    } else if (answer && answer.status === 409) {
      show(form.dataset.staleWord, 'failed');
    } else if (answer && answer.status === 422) {
      show(form.dataset.invalidWord, 'failed');
    } else {
      show(form.dataset.failedWord, 'failed');
      timer = setTimeout(save, 10000);
    }
  }

  function plan() {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  }

  form.addEventListener('input', plan);
  form.addEventListener('change', plan);
  form.addEventListener('submit', () => clearTimeout(timer));
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}
