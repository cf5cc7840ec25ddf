// Lists: columns and views, filters, ticked rows.
import {
  $,
  $$,
  byId,
  counted,
  dress,
  hear,
  make,
  memory,
  on,
  open,
  say,
  t,
  texts,
} from './basics.js';

// Lists: which columns show, and keeping a view under a name.

// A changed filter or column begins again at the first page.
const restart = (url) =>
  ['after', 'before', 'page', 'at'].forEach((name) => url.searchParams.delete(name));

const showColumns = (form) => {
  const url = new URL(location.href);
  const ticked = $$('input[type=checkbox]', form).filter((box) => box.checked);
  url.searchParams.set('cols', ticked.map((box) => box.value).join(','));
  location.assign(url);
};
hear('submit', (event) => {
  const form = event.target;
  if (form.matches('[data-columns]')) {
    event.preventDefault();
    showColumns(form);
  }
  if (form.matches('[data-save-view]')) {
    $('input[name=query]', form).value = location.search.replace(/^\?/, '');
  }
}, true);

// Lists: the editor of filters. A filter is a part of the address: f.FIELD.OPERATOR=value.

const drawInput = (field, label, value = '', id = 'fe-value') =>
  make(
    'div',
    {},
    make('label', { class: 'form-label', for: id }, label),
    make('input', {
      class: 'form-control',
      id,
      value,
      type: field.kind === 'date' ? 'date' : 'text',
      autocomplete: 'off',
      inputmode: /num|money/.test(field.kind) ? 'decimal' : null,
      'data-date': field.kind === 'date',
    }),
  );

const choicesOf = (field) =>
  field.kind === 'bool' && !field.choices.length
    ? [['1', t('yes')], ['0', t('no')]]
    : field.choices;

const drawChoices = (field, many, chosen) => {
  const list = choicesOf(field);
  const box = make('select', {
    class: 'form-select',
    id: 'fe-value',
    multiple: many,
    'data-tom': many || list.length > 8,
    'data-lookup-url': field.lookup || null,
  });
  list.forEach(([value, text]) =>
    box.append(new Option(text, value, false, chosen.includes(value)))
  );
  // What is looked up is known by its id alone; its name is asked for when the select is dressed.
  chosen
    .filter((value) => field.lookup && !list.some((one) => one[0] === value))
    .forEach((value) => box.append(new Option(value, value, true, true)));
  return make('div', {}, make('label', { class: 'form-label', for: 'fe-value' }, t('value')), box);
};

const drawValues = (field, kind, chosen) => {
  if (kind === 'none') return [];
  if (kind === 'two') {
    return [
      drawInput(field, t('from'), chosen[0]),
      drawInput(field, t('to'), chosen[1], 'fe-value-2'),
    ];
  }
  if (field.choices.length || field.lookup || field.kind === 'bool') {
    return [drawChoices(field, kind === 'many', chosen)];
  }
  return [drawInput(field, t('value'), chosen[0])];
};

const fillFields = (box, fields) => {
  const groups = new Map([['', box]]);
  for (const { group, label, name } of fields) {
    const key = group || '';
    if (!groups.has(key)) groups.set(key, box.appendChild(make('optgroup', { label: group })));
    groups.get(key).append(new Option(label, name));
  }
};

const openAddress = (replaced, name, values) => {
  const url = new URL(location.href);
  if (replaced) url.searchParams.delete(replaced);
  url.searchParams.delete(name);
  values.forEach((value) => url.searchParams.append(name, value));
  restart(url);
  location.assign(url);
};

const startEditor = (editor) => {
  const fields = JSON.parse($('#filter-fields').textContent);
  const [fieldBox, operatorBox] = [$('#fe-field'), $('#fe-operator')];
  const [values, wrong] = [$('#fe-values'), $('#fe-error')];
  let replaced = '';
  fillFields(fieldBox, fields);

  const current = () => fields.find((field) => field.name === fieldBox.value);
  const takes = () => (current().operators.find((one) => one[0] === operatorBox.value) || [])[2];
  const showValues = (chosen = []) => {
    values.replaceChildren(...drawValues(current(), takes(), chosen));
    wrong.hidden = true;
    dress(values);
  };
  const showOperators = (operator = '', chosen = []) => {
    operatorBox.replaceChildren(
      ...current().operators.map(([name, label]) =>
        new Option(label, name, false, name === operator)
      ),
    );
    showValues(chosen);
  };
  const edit = (field = fields[0].name, operator = '', chosen = []) => {
    replaced = operator && `f.${field}.${operator}`;
    fieldBox.value = field;
    showOperators(operator, chosen);
    open(editor);
    fieldBox.focus();
  };
  fieldBox.addEventListener('change', () => showOperators());
  operatorBox.addEventListener('change', () => showValues());
  on('click', '[data-filter-add]', () => edit());
  on(
    'click',
    '[data-filter-edit]',
    ({ dataset }) =>
      edit(dataset.field, dataset.operator, JSON.parse(dataset.values || '[]').map(String)),
  );

  const boxes = () =>
    $$('input[id^=fe-value], select[id^=fe-value]', values)
      .filter((box) => !box.closest('.ts-control'));
  const typed = () =>
    boxes()
      .flatMap((box) => box.multiple ? [...box.selectedOptions].map((one) => one.value) : box.value)
      .map((value) => value.trim());
  $('form', editor).addEventListener('submit', (event) => {
    event.preventDefault();
    const chosen = takes() === 'none' ? ['1'] : typed();
    if (!chosen.length || chosen.includes('')) {
      wrong.textContent = t('needValue');
      wrong.hidden = false;
      boxes()[0]?.focus();
    } else openAddress(replaced, `f.${fieldBox.value}.${operatorBox.value}`, chosen);
  });
};

const editor = $('#filter-editor');
if (editor) startEditor(editor);

// Lists: ticking rows, and sending what is ticked, or all that match.

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
