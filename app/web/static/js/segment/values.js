// What a condition compares with: nothing, one value, two, or several of a list.
import { make } from '../dom.js';
import { fetchJson } from '../fetching.js';
import { fieldOf, texts } from './given.js';

const TYPES = { number: 'number', money: 'number', date: 'date' };
const { TomSelect } = globalThis;
let serial = 0;

export const drawOption = (value, label, selected) => make('option', { value, selected }, label);

const operatorOf = (part) => {
  const { operators } = fieldOf(part);
  return operators.find((one) => one.name === part.op) || operators[0];
};

const named = ({ id, text }) => ({ value: String(id), text });
const remote = (field) => ({
  load: (words, done) =>
    fetchJson(`${field.lookup}?q=${encodeURIComponent(words)}`)
      .then(({ results }) => done(results.map(named)), () => done()),
});
const nameChosen = async (select, field) => {
  const ids = [...select.selectedOptions].map((option) => `id=${option.value}`);
  if (!ids.length) return;
  const { results } = await fetchJson(`${field.lookup}?${ids.join('&')}`);
  results.map(named).forEach((one) => select.tomselect.updateOption(one.value, one));
};
const dress = (select, field) => {
  if (!TomSelect || select.tomselect) return;
  new TomSelect(select, {
    plugins: { remove_button: { title: texts.remove } },
    maxOptions: 500,
    ...(field.lookup && remote(field)),
  });
  if (field.lookup) nameChosen(select, field);
};

const drawInput = (type, label, value, changed) =>
  make('input', {
    class: 'form-control',
    type,
    'aria-label': label,
    value: value ?? '',
    inputmode: type === 'number' ? 'decimal' : null,
    step: type === 'number' ? 'any' : null,
    oninput: (event) => changed(event.target.value),
  });

const drawTwo = (part, type, changed) => {
  if (!Array.isArray(part.value)) part.value = ['', ''];
  const inputs = [texts.from, texts.to].map((label, i) =>
    drawInput(type, label, part.value[i], (value) => {
      part.value[i] = value;
      changed();
    })
  );
  return make('div', { class: 'row-f flex-nowrap' }, ...inputs);
};

const drawMany = (part, field, changed) => {
  if (!Array.isArray(part.value)) part.value = [];
  const chosen = part.value.map(String);
  const many = make('select', {
    class: 'form-select',
    id: `segment-${++serial}`,
    multiple: true,
    'aria-label': field.label,
    onchange: () => {
      part.value = [...many.selectedOptions].map((option) => option.value);
      changed();
    },
  });
  many.append(
    ...field.options.map(([value, text]) =>
      drawOption(value, text, chosen.includes(String(value)))
    ),
    ...(field.lookup ? chosen.map((value) => drawOption(value, `#${value}`, true)) : []),
  );
  // Tom Select wants it in the page.
  queueMicrotask(() => dress(many, field));
  return make('div', { class: 'grow' }, many);
};

const drawOne = (part, type, label, changed) => {
  if (Array.isArray(part.value)) part.value = '';
  return drawInput(type, label, part.value, (value) => {
    part.value = value;
    changed();
  });
};

export const drawValue = (part, changed) => {
  const field = fieldOf(part);
  const takes = operatorOf(part).value;
  const type = takes === 'days' ? 'number' : TYPES[field.kind] || 'text';
  if (takes === 'two') return drawTwo(part, type, changed);
  if (takes === 'many') return drawMany(part, field, changed);
  if (takes !== 'none') {
    return drawOne(part, type, takes === 'days' ? texts.days : texts.value, changed);
  }
  part.value = undefined;
  return make('span');
};
