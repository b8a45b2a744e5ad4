// Every unsafe request of a script goes through here and carries the page's token.
export const token = () => document.querySelector('meta[name=csrf-token]').content;

// After signing in again elsewhere the forms of this page need the new session's token.
export function useToken(fresh) {
  document.querySelector('meta[name=csrf-token]').content = fresh;
  for (const input of document.querySelectorAll('input[name=csrf_token]')) input.value = fresh;
}

// The server counts idle time from its last answer; session.js listens to this.
export const answered = () => document.dispatchEvent(new Event('testigo:answered'));

export async function send(url, { method = 'POST', json, body, headers = {} } = {}) {
  const given = { 'X-CSRFToken': token(), Accept: 'application/json', ...headers };
  if (json !== undefined) given['Content-Type'] = 'application/json';
  const answer = await fetch(url, { method, headers: given, body: json === undefined ? body : JSON.stringify(json) });
  if (answer.ok) answered();
  return answer;
}
