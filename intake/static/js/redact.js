// Boxes over a picture or pages: drawn with the pointer, or typed as numbers. What is listed is what is sent.
const SVG = 'http://www.w3.org/2000/svg';

export function start() {
  const form = document.querySelector('[data-redact]');
  const list = form.querySelector('[data-boxes]');
  const template = form.querySelector('template');
  const boxes = [];

  for (const sheet of document.querySelectorAll('[data-sheet]')) drawOn(sheet, add);
  form.querySelector('[data-add]').addEventListener('click', () => {
    add({ page: Number(document.querySelector('[data-sheet]').dataset.sheet), x: 0.1, y: 0.1, w: 0.2, h: 0.1 });
  });
  form.addEventListener('submit', () => {
    form.elements.boxes.value = JSON.stringify(boxes.map(({ page, x, y, w, h, reason }) => ({ page, x, y, w, h, reason })));
  });

  function add(place) {
    const box = { ...place, reason: form.querySelector('[data-reason]').value };
    boxes.push(box);
    const row = template.content.firstElementChild.cloneNode(true);
    const shape = document.createElementNS(SVG, 'rect');
    document.querySelector(`[data-sheet="${box.page}"] svg`)?.append(shape);
    bind(row, box, shape);
    list.append(row);
    count();
    return row;
  }

  function bind(row, box, shape) {
    const reason = row.querySelector('select');
    reason.value = box.reason;
    reason.addEventListener('change', () => { box.reason = reason.value; });
    for (const input of row.querySelectorAll('[data-of]')) {
      const name = input.dataset.of;
      input.value = name === 'page' ? box.page : percent(box[name]);
      input.addEventListener('change', () => {
        box[name] = name === 'page' ? Number(input.value) : Math.min(100, Math.max(0, Number(input.value))) / 100;
        show(shape, box);
      });
    }
    row.querySelector('[data-remove]').addEventListener('click', () => {
      boxes.splice(boxes.indexOf(box), 1);
      shape.remove();
      row.remove();
      count();
      form.querySelector('[data-add]').focus();
    });
    show(shape, box);
  }

  function count() {
    form.querySelector('[data-count]').textContent = boxes.length;
    for (const part of form.querySelectorAll('[data-when]')) part.hidden = (part.dataset.when === 'boxes') !== boxes.length > 0;
  }
  count();
}

const percent = (share) => Math.round(share * 1000) / 10;

function show(shape, box) {
  for (const [name, value] of [['x', box.x], ['y', box.y], ['width', box.w], ['height', box.h]]) {
    shape.setAttribute(name, `${value * 100}%`);
  }
}

function drawOn(sheet, add) {
  const svg = sheet.querySelector('svg');
  let from = null;
  let ghost = null;
  const at = (event) => {
    const area = svg.getBoundingClientRect();
    const inside = (value, size) => Math.min(1, Math.max(0, value / size));
    return [inside(event.clientX - area.left, area.width), inside(event.clientY - area.top, area.height)];
  };
  const place = (a, b) => ({
    page: Number(sheet.dataset.sheet), x: Math.min(a[0], b[0]), y: Math.min(a[1], b[1]), w: Math.abs(a[0] - b[0]), h: Math.abs(a[1] - b[1]),
  });
  svg.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
    from = at(event);
    ghost = svg.appendChild(document.createElementNS(SVG, 'rect'));
    ghost.classList.add('ghost');
  });
  svg.addEventListener('pointermove', (event) => { if (from) show(ghost, place(from, at(event))); });
  const end = (event) => {
    if (!from) return;
    const box = place(from, at(event));
    ghost.remove();
    from = null;
    if (event.type === 'pointerup' && box.w > 0.004 && box.h > 0.004) add(box);
  };
  svg.addEventListener('pointerup', end);
  svg.addEventListener('pointercancel', end);
}
