// Every unsafe request of a script goes through here and carries the page's token.
export const token = () => document.querySelector('meta[name=csrf-token]').content;

export async function send(url, { method = 'POST', json, body, headers = {} } = {}) {
  const given = { 'X-CSRFToken': token(), Accept: 'application/json', ...headers };
  if (json !== undefined) given['Content-Type'] = 'application/json';
  return fetch(url, { method, headers: given, body: json === undefined ? body : JSON.stringify(json) });
}
