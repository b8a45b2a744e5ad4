// Pages that wait for the server (an export, a file being checked) ask again, politely:
// id="state" data-refresh="address" reloads once the fresh page's #state no longer waits.
const FIRST = 1000;
const PAUSE = 1500;

export function start() {
  for (const part of document.querySelectorAll('[data-refresh]')) setTimeout(() => ask(part), FIRST);
}

async function ask(part) {
  const answer = await fetch(part.dataset.refresh, { headers: { Accept: 'text/html' } }).catch(() => null);
  if (answer?.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.getElementById(part.id);
    if (fresh && !fresh.hasAttribute('data-refresh')) return location.reload();
  }
  setTimeout(() => ask(part), PAUSE);
}
