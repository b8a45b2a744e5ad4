// Saves a step two seconds after the last key, and says which state the words are in. Nothing typed is ever cleared.
// The form gives the address (data-autosave) and the words (data-saved-word, -stale-, -invalid-, -failed-, -theirs-).
import { send } from './request.js';

const PAUSE = 2000;
const AGAIN = 10000;

export function startAutosave(form) {
  const say = document.querySelector('[data-saved]');
  const words = form.dataset;
  let timer = 0;
  let running = false;
  let dirty = false; // typed since the last save that the server answered
  let leaving = false;

  const show = (text, state) => {
    if (say) Object.assign(say, { textContent: text }).dataset.state = state;
  };
  const plan = (pause = PAUSE) => {
    clearTimeout(timer);
    timer = setTimeout(save, pause);
  };

  async function save() {
    if (running) return plan();
    running = true;
    dirty = false;
    const body = new FormData(form);
    body.delete('once_key');
    const answer = await send(words.autosave, { body, headers: { 'X-Autosave': '1' } }).catch(() => null);
    running = false;
    if (answer?.ok) return saved(await answer.json());
    dirty = true;
    if (answer?.status === 409) return stale(await answer.json().catch(() => ({})));
    if (answer?.status === 422) return show(words.invalidWord, 'failed');
    show(words.failedWord, 'failed');
    if (!leaving) plan(AGAIN);
  }

  function saved({ saved_at: at, version }) {
    const field = form.querySelector('[name=version]');
    if (field && version !== undefined) field.value = version;
    show(`${words.savedWord} ${at}`, 'saved');
    if (dirty) plan();
  }

  // Somebody else saved first: both texts are shown, nothing is merged by a machine.
  function stale({ theirs = {} }) {
    show(words.staleWord, 'failed');
    for (const [name, text] of Object.entries(theirs)) {
      const field = form.elements[name];
      const place = field?.closest?.('.field');
      if (!place) continue;
      const box = place.querySelector('.theirs') ?? place.appendChild(Object.assign(document.createElement('div'), { className: 'theirs' }));
      const told = Object.assign(document.createElement('pre'), { textContent: text, dir: 'auto', lang: field.lang });
      box.replaceChildren(Object.assign(document.createElement('b'), { textContent: words.theirsWord ?? words.staleWord }), told);
    }
  }

  const typed = () => { dirty = true; plan(); };
  form.addEventListener('input', typed);
  form.addEventListener('change', typed);
  form.addEventListener('submit', () => { leaving = true; clearTimeout(timer); });
  window.addEventListener('beforeunload', (event) => { if (dirty && !leaving) event.preventDefault(); });
}
