// The viewer: nothing is fetched before somebody opens it. Zoom and turn move the picture on the screen only.
const SVG = 'http://www.w3.org/2000/svg';

export function start() {
  const card = document.querySelector('[data-viewer]');
  const stage = card.querySelector('[data-stage]');
  const player = stage.querySelector('video, audio');
  const view = { zoom: 1, turn: 0, x: 0, y: 0 };
  const acts = { ...looks(card, stage, player), ...zooms(stage, view), ...(player ? plays(card, player) : {}) };

  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-do]');
    if (button && acts[button.dataset.do]) acts[button.dataset.do](button);
  });
  stage.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== stage) return;
    const act = { '+': 'in', '-': 'out', 0: 'fit', '[': 'left', ']': 'right', ',': 'frame-back', '.': 'frame-on', ' ': 'play' }[event.key];
    if (act && acts[act]) { event.preventDefault(); acts[act](); }
  });
  if (player) follow(card, player, acts);
  if (card.dataset.starts === 'stills' || card.dataset.starts === 'sound') stage.dataset.mode = card.dataset.starts;
  if (card.dataset.starts === 'transcript') document.getElementById('said').scrollIntoView();
}

function looks(card, stage, player) {
  const press = (name, on) => card.querySelector(`[data-do="${name}"]`)?.setAttribute('aria-pressed', String(on));
  const fetch = () => { for (const each of stage.querySelectorAll('[data-src]')) { each.src = each.dataset.src; each.removeAttribute('data-src'); } };
  const sound = (on) => { if (player) player.muted = !on; press('sound', on); };
  return {
    open(button) {
      fetch();
      if (player) player.preload = 'auto';
      stage.classList.remove('covered');
      stage.dataset.mode = button.dataset.mode === 'gray' ? '' : button.dataset.mode;
      sound(button.dataset.mode === 'sound');
      stage.focus();
    },
    cover() { player?.pause(); stage.classList.add('covered'); stage.querySelector('[data-do="open"]').focus(); },
    gray() { press('gray', stage.classList.toggle('gray')); },
    sound() { sound(player.muted); },
  };
}

function zooms(stage, view) {
  const target = stage.querySelector('img, .pages, video');
  const show = () => {
    if (!target) return;
    if (target.classList.contains('pages')) target.style.width = `${view.zoom * 100}%`;
    else target.style.transform = `translate(${view.x}px, ${view.y}px) rotate(${view.turn}deg) scale(${view.zoom})`;
  };
  const zoom = (by) => { view.zoom = Math.min(12, Math.max(0.25, view.zoom * by)); show(); };
  stage.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && target?.tagName !== 'IMG') return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15);
  }, { passive: false });
  drag(stage, target, view, show, zoom);
  return {
    in() { zoom(1.25); }, out() { zoom(0.8); },
    fit() { Object.assign(view, { zoom: 1, x: 0, y: 0, turn: 0 }); show(); },
    left() { view.turn -= 90; show(); }, right() { view.turn += 90; show(); },
  };
}

// One pointer moves the picture, two zoom it.
function drag(stage, target, view, show, zoom) {
  if (target?.tagName !== 'IMG') return;
  const down = new Map();
  let apart = 0;
  stage.addEventListener('pointerdown', (event) => { if (!stage.classList.contains('covered')) down.set(event.pointerId, event); });
  stage.addEventListener('pointermove', (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    down.set(event.pointerId, event);
    if (down.size === 1) { view.x += event.clientX - before.clientX; view.y += event.clientY - before.clientY; show(); return; }
    const [a, b] = [...down.values()];
    const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    if (apart) zoom(now / apart);
    apart = now;
  });
  for (const end of ['pointerup', 'pointercancel', 'pointerleave']) {
    stage.addEventListener(end, (event) => { down.delete(event.pointerId); apart = 0; });
  }
}

function plays(card, player) {
  const frame = 1 / (Number.parseFloat(card.dataset.fps) || 30);
  const stage = card.querySelector('[data-stage]');
  const button = card.querySelector('[data-do="play"]');
  const word = button.textContent;
  const move = (by) => { player.pause(); player.currentTime = Math.max(0, player.currentTime + by); };
  player.addEventListener('play', () => { button.textContent = button.dataset.pauseWord; });
  player.addEventListener('pause', () => { button.textContent = word; });
  card.querySelector('[data-speed]').addEventListener('change', (event) => { player.playbackRate = Number(event.target.value); });
  return {
    play() { if (player.src && stage.dataset.mode !== 'stills') { if (player.paused) player.play(); else player.pause(); } },
    'frame-back'() { move(-frame); }, 'frame-on'() { move(frame); }, back5() { move(-5); }, on5() { move(5); },
    now() { const form = document.querySelector('[data-note-form]'); form.elements.at.value = told(player.currentTime); form.elements.text.focus(); },
  };
}

// The clock, the waveform and the words follow the player; a press on any of them moves it.
function follow(card, player, acts) {
  const cues = [...document.querySelectorAll('.cues [data-start]')];
  const line = wave(card, player);
  const show = () => {
    const at = player.currentTime * 1000;
    card.querySelector('[data-at]').textContent = told(player.currentTime);
    for (const cue of cues) cue.toggleAttribute('data-now', at >= Number(cue.dataset.start) && at < Number(cue.dataset.end));
    if (line && player.duration) line.setAttribute('x', 1200 * player.currentTime / player.duration);
  };
  for (const event of ['timeupdate', 'seeked', 'loadedmetadata']) player.addEventListener(event, show);
  for (const button of document.querySelectorAll('[data-seek]')) {
    button.addEventListener('click', () => {
      if (card.querySelector('.covered')) { card.querySelector('[data-cover] [data-do="open"]').focus(); return; }
      const go = () => { player.currentTime = Number(button.dataset.seek) / 1000; };
      if (player.readyState) go(); else { player.addEventListener('loadedmetadata', go, { once: true }); player.load(); }
    });
  }
}

function wave(card, player) {
  const svg = card.querySelector('[data-wave]');
  if (!svg) return null;
  const peaks = JSON.parse(svg.dataset.wave);
  const path = document.createElementNS(SVG, 'path');
  const step = 1200 / Math.max(1, peaks.length);
  path.setAttribute('d', peaks.map((peak, n) => `M${(n * step).toFixed(1)} ${50 - peak / 2.1}V${50 + peak / 2.1}`).join(''));
  const line = document.createElementNS(SVG, 'rect');
  for (const [name, value] of [['y', 0], ['width', 3], ['height', 100]]) line.setAttribute(name, value);
  svg.append(path, line);
  svg.addEventListener('click', (event) => {
    const area = svg.getBoundingClientRect();
    if (player.duration) player.currentTime = player.duration * (event.clientX - area.left) / area.width;
  });
  return line;
}

function told(seconds) {
  const tenths = Math.floor(seconds * 10);
  const whole = Math.floor(tenths / 10);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, String(whole % 60).padStart(2, '0')];
  return `${hours ? `${hours}:${String(minutes).padStart(2, '0')}` : minutes}:${rest}.${tenths % 10}`;
}
