// Lines of a form: added, taken out, and numbered without gaps.
import { $, $$, byId, make, on } from './dom.js';
import { dress } from './dressing.js';
import { say, t } from './texts.js';

const NUMBERED = ['name', 'id', 'for', 'aria-describedby'];
const FIELD = 'input:not([type=hidden]), select';

const changed = (table) => table.dispatchEvent(new Event('change', { bubbles: true }));

const renumber = (table) => {
  const name = table.dataset.sheet;
  const quoted = name.replace(/[-\\.]/g, '\\$&');
  const pattern = new RegExp(`^${quoted}-(\\d+|__i__)(-|(?=[a-z])|$)`);
  const numbered = (value, i) =>
    value.replace(pattern, (all) => `${name}-${i}${value.length > all.length ? '-' : ''}`);
  $$('tbody > tr', table).forEach((row, i) =>
    $$('[name], [id], [for], [aria-describedby]', row).forEach((element) =>
      NUMBERED.forEach((key) => {
        const value = element.getAttribute(key);
        if (value) element.setAttribute(key, numbered(value, i));
      })
    )
  );
};

on('click', '[data-add-row]', (button) => {
  const table = byId(button.dataset.addRow);
  const blank = $(`template[data-blank="${table.dataset.sheet}"]`);
  const row = blank.content.firstElementChild.cloneNode(true);
  table.tBodies[0].append(row);
  renumber(table);
  dress(row);
  $(FIELD, row)?.focus();
  changed(table);
});

// A line that is stored is struck out and sent as deleted; a second click brings it back.
const strikeOut = (row, button, id) => {
  const name = id.name.replace(/-id$/, '-delete');
  const flag = $$('input[type=hidden]', row).find((field) => field.name === name);
  const gone = row.classList.toggle('gone');
  button.setAttribute('aria-pressed', gone);
  if (flag) flag.value = gone ? '1' : '';
  else row.lastElementChild.append(make('input', { type: 'hidden', name, value: '1' }));
};
const takeOut = (row, table) => {
  const next = row.nextElementSibling || row.previousElementSibling;
  row.remove();
  renumber(table);
  ($(FIELD, next || table) || $(`[data-add-row="${table.id}"]`))?.focus();
};
on('click', '[data-remove-row]', (button) => {
  const row = button.closest('tr');
  const table = button.closest('table');
  const id = $$('input[type=hidden]', row).find((field) => /-id$/.test(field.name) && field.value);
  if (id) strikeOut(row, button, id);
  else takeOut(row, table);
  say(t('rowRemoved'));
  changed(table);
});
