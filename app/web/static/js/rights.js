// Rights of a role: whole areas at once, and what would change.
import { $, $$, make, on } from './basics.js';
import { guard } from './fields.js';

const drawChange = (box, { gets, loses }) => {
  const [text, tone] = box.checked ? [gets, 'good'] : [loses, 'bad'];
  return make('li', {}, make('span', { class: `bdg ${tone}` }, text), ' ', box.dataset.label);
};
const drawChanges = (form) => {
  const list = $('[data-rights-diff]', form);
  if (!list) return;
  const changed = $$('input[name=right]', form).filter((box) => box.checked !== box.defaultChecked);
  const lines = changed.map((box) => drawChange(box, list.dataset));
  list.replaceChildren(
    ...(lines.length ? lines : [make('li', { class: 'dim' }, list.dataset.nothing)]),
  );
};
on('change', 'input[name=right]', (box) => drawChanges(box.form));
on('click', '[data-rights]', (button) => {
  const wanted = button.dataset.rights;
  const area = button.closest('[data-rights-area]');
  $$('input[name=right]:not(:disabled)', area).forEach((box) => {
    box.checked = wanted === 'all' || (wanted === 'see' && box.dataset.level === 'see');
  });
  const form = button.closest('form');
  drawChanges(form);
  guard(form);
});
