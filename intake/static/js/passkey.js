// Passkeys: asks the server for a challenge, lets the browser ask for finger, face or PIN, and sends the answer.
import { send } from './request.js';

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const known = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

const toCreate = (o) => ({
  ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: known(o.excludeCredentials),
});
const toGet = (o) => ({ ...o, challenge: bytes(o.challenge), allowCredentials: known(o.allowCredentials) });

function plain(credential) {
  const { response } = credential;
  const parts = {};
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (response[name]) parts[name] = text(response[name]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return {
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response: parts,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function show(place) {
  const asked = await send(place.dataset.options, { json: {} });
  if (!asked.ok) return asked;
  const options = await asked.json();
  const credential = place.dataset.act === 'create'
    ? await navigator.credentials.create({ publicKey: toCreate(options) })
    : await navigator.credentials.get({ publicKey: toGet(options) });
  const name = place.dataset.name ? document.getElementById(place.dataset.name)?.value ?? '' : undefined;
  return send(place.dataset.answer, { json: { credential: plain(credential), name } });
}

async function go(place) {
  const refused = place.querySelector('[data-refused]');
  const button = place.querySelector('button');
  refused.hidden = true;
  button.disabled = true;
  // The person closed the question, or the device has no such key: the page says so and stays.
  const answer = await show(place).catch(() => null);
  button.disabled = false;
  if (answer?.status === 403) {
    location.assign(`/sign-in/again?next=${encodeURIComponent(location.pathname)}`);
    return;
  }
  if (!answer?.ok) {
    refused.hidden = false;
    return;
  }
  const { next } = await answer.json();
  if (place.dataset.form) document.getElementById(place.dataset.form).requestSubmit();
  else location.assign(next);
}

export function start() {
  if (!window.PublicKeyCredential) return;
  for (const place of document.querySelectorAll('[data-passkey]')) {
    place.hidden = false;
    place.querySelector('button').addEventListener('click', () => go(place));
  }
}
