// Place suggestions while typing: what is typed goes in the body of a POST, never in an address.
import { send } from './request.js';

export function start() {
  for (const box of document.querySelectorAll('[data-places]')) {
    const list = document.getElementById(box.getAttribute('list'));
    let timer = 0;
    box.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const answer = await send(box.dataset.places, { json: { typed: box.value } }).catch(() => null);
        if (!answer || !answer.ok) return;
        list.replaceChildren(...(await answer.json()).map((place) => {
          const option = document.createElement('option');
          option.value = place.name;
          option.label = `${place.name}, ${place.county}`;
          return option;
        }));
      }, 200);
    });
  }
}
