// Lists: ticking rows, and sending what is ticked, or all that match.
import { $, $$, byId, hear, make, on } from './dom.js';
import { memory } from './memory.js';
import { counted, say, t, texts } from './texts.js';

const boxesOf = (table) => $$('tbody .pick input', table);
const matchesOf = (bar) => (bar.dataset.matches ? Number(bar.dataset.matches) : null);

const drawHead = (table, ticked, all) => {
  const head = $('thead .pick input', table);
  if (!head) return;
  head.checked = all > 0 && ticked === all;
  head.indeterminate = ticked > 0 && ticked < all;
};
const drawChoiceOfAll = (bar, wholePage, all) => {
  const more = $('[data-select-all]', bar);
  const flag = $('input[name=all]', bar);
  if (more) {
    more.hidden = !wholePage;
    more.textContent = t(all ? 'selectPage' : 'selectAll');
  }
  if (flag) {
    flag.disabled = !all;
    flag.value = all ? '1' : '';
  }
};
const draw = (table) => {
  const bar = byId(table.dataset.bulk);
  const boxes = boxesOf(table);
  const ticked = boxes.filter((box) => box.checked).length;
  boxes.forEach((box) => box.closest('tr').classList.toggle('on', box.checked));
  drawHead(table, ticked, boxes.length);
  const matches = matchesOf(bar);
  const all = memory(bar).all = Boolean(memory(bar).all) && ticked === boxes.length;
  const n = memory(bar).n = all ? matches : ticked;
  bar.hidden = !ticked;
  drawChoiceOfAll(
    bar,
    ticked === boxes.length && (matches === null || matches > boxes.length),
    all,
  );
  const line = n === null
    ? t('selectedAllMany')
    : counted(texts[all ? 'selectedAll' : 'selected'], n);
  $('[data-count]', bar).textContent = line;
  say(line);
};

// With the shift key held, all between this box and the last one follow.
let last = null;
on('click', '[data-bulk] tbody .pick input', (box, event) => {
  const boxes = boxesOf(box.closest('table'));
  if (event.shiftKey && last && boxes.includes(last)) {
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    boxes.slice(from, to + 1).forEach((one) => {
      one.checked = box.checked;
    });
  }
  last = box;
});
const tickAll = (table, checked) =>
  boxesOf(table).forEach((box) => {
    box.checked = checked;
  });
on('change', '[data-bulk] .pick input', (box) => {
  const table = box.closest('table');
  if (box.closest('thead')) tickAll(table, box.checked);
  draw(table);
});
on('click', '[data-select-all]', (button) => {
  const bar = button.closest('.bulk');
  const table = $(`[data-bulk="${bar.id}"]`);
  memory(bar).all = !memory(bar).all;
  tickAll(table, true);
  draw(table);
});

hear('submit', (event) => {
  const bar = event.target.closest?.('.bulk');
  if (!bar) return;
  $$('input[name=rowid]', bar).forEach((old) => old.remove());
  if (memory(bar).all) return;
  boxesOf($(`[data-bulk="${bar.id}"]`))
    .filter((box) => box.checked)
    .forEach((box) =>
      bar.append(make('input', { type: 'hidden', name: 'rowid', value: box.value }))
    );
}, true);
