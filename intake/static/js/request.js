// Every unsafe request of a script goes through here and carries the page's token.
export const token = () => document.querySelector('meta[name=csrf-token]').content;

// The server counts idle time from its last answer; session.js listens to this.
export const answered = () => document.dispatchEvent(new Event('testigo:answered'));

export async function send(url, { method = 'POST', json, body, headers = {} } = {}) {
  const given = { 'X-CSRFToken': token(), Accept: 'application/json', ...headers };
  if (json !== undefined) given['Content-Type'] = 'application/json';
  const answer = await fetch(url, { method, headers: given, body: json === undefined ? body : JSON.stringify(json) });
  if (answer.ok) answered();
  return answer;
}
