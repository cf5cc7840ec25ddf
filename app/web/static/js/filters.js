// Lists: the editor of filters. A filter is a part of the address: f.FIELD.OPERATOR=value.
import { open } from './dialogs.js';
import { $, $$, make, on } from './dom.js';
import { dress } from './dressing.js';
import { t } from './texts.js';
import { restart } from './views.js';

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
