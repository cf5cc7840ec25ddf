// The editor of segments: nested groups of conditions, kept as JSON in a hidden field, counted while they are written.
import { $, byId, fetchJson, make, root } from './basics.js';

// What the server tells the editor of segments: the fields that can be asked about, and its texts.

const read = (id) => JSON.parse(byId(id).textContent);

const fields = read('segment-fields');
const texts = read('segment-texts');
const fieldOf = (part) => fields.find((field) => field.name === part.field);

// The conditions of a segment. A group is {word, parts}, a condition {field, op, value}; the server's shape nests
// {all: […]}, {any: […]} and {not: …}.

const parse = (node) => {
  for (const word of ['all', 'any']) {
    if (Array.isArray(node[word])) return { word, parts: node[word].map(parse) };
  }
  if (node.not) {
    const inner = parse(node.not);
    return { word: 'not', parts: inner.word === 'any' ? inner.parts : [inner] };
  }
  if (node.field) return { field: node.field, op: node.op, value: node.value };
  return { word: 'all', parts: [] };
};

const plain = (part) => {
  if (!part.parts) {
    const { field, op, value } = part;
    return value === undefined ? { field, op } : { field, op, value };
  }
  // What is unfinished goes too: the server says where, and nobody is written to by half a condition.
  const parts = part.parts.map(plain);
  return part.word === 'not' ? { not: { any: parts } } : { [part.word]: parts };
};

const treeOf = (definition) => {
  const tree = parse(definition);
  return tree.parts ? tree : { word: 'all', parts: [tree] };
};
const definitionOf = (tree) => (tree.parts.length ? plain(tree) : {});

// How many groups a part lies in; -1 if it is not in the tree.
const depthOf = (part, at, level = 0) =>
  at === part
    ? level
    : Math.max(-1, ...(at.parts || []).map((child) => depthOf(part, child, level + 1)));

// How many belong to a segment as it stands now, and the first of them.

const [figure, wrong, sample] = [
  '[data-segment-count]',
  '[data-segment-error]',
  '[data-segment-sample]',
].map((selector) => $(selector));
const { value: csrf } = $('input[name=csrf_token]');

const post = async (url, definition) => {
  const answer = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(definition),
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json',
      'X-CSRFToken': csrf,
    },
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
};
const drawClient = ({ name, number, url }) =>
  make(
    'li',
    {},
    make('a', { href: url }, name),
    ' ',
    make('span', { class: 'dim' }, number),
  );
const show = ({ count, sample: clients }) => {
  wrong.hidden = true;
  figure.textContent = new Intl.NumberFormat(root.lang).format(count);
  sample.replaceChildren(...clients.map(drawClient));
};
const showFailure = (problem) => {
  wrong.textContent = problem.message || texts.failed;
  wrong.hidden = false;
  figure.textContent = '–';
  sample.replaceChildren();
};

// Only the answer to the last question counts.
let last = 0;
const count = async (url, definition) => {
  const mine = ++last;
  const answered = await post(url, definition).then(
    (found) => () => show(found),
    (problem) => () => showFailure(problem),
  );
  if (mine === last) answered();
};

// What a condition compares with: nothing, one value, two, or several of a list.

const TYPES = { number: 'number', money: 'number', date: 'date' };
const { TomSelect } = globalThis;
let serial = 0;

const drawOption = (value, label, selected) => make('option', { value, selected }, label);

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

const drawValue = (part, changed) => {
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

const DEEPEST = 3;
const WORDS = [['all', texts.all], ['any', texts.any], ['not', texts.not]];
const place = $('[data-segment]');
const hidden = $('[data-segment-definition]');
const tree = treeOf(JSON.parse(hidden.value || '{}'));

const ask = () => count(place.dataset.countUrl, definitionOf(tree));
let waiting;
const changed = () => {
  hidden.value = JSON.stringify(definitionOf(tree));
  hidden.dispatchEvent(new Event('input', { bubbles: true }));
  clearTimeout(waiting);
  waiting = setTimeout(ask, 300);
};
const draw = () => place.replaceChildren(drawGroup(tree, null));
const redraw = () => {
  draw();
  changed();
};

const drawSelect = (label, options, chosen) =>
  make('select', {
    class: 'form-select',
    'aria-label': label,
    onchange: (event) => chosen(event.target.value),
  }, ...options);
const drawRemove = (group, part, label) =>
  make('button', {
    type: 'button',
    class: 'btn sq ghost',
    'aria-label': label,
    title: label,
    onclick: () => {
      group.parts.splice(group.parts.indexOf(part), 1);
      redraw();
    },
  }, '×');

const fieldOptions = (chosen) =>
  [...new Set(fields.map((field) => field.area))].map((area) =>
    make(
      'optgroup',
      { label: area },
      ...fields
        .filter((field) => field.area === area)
        .map(({ name, label }) => drawOption(name, label, name === chosen)),
    )
  );
const drawField = (part, drawRow) =>
  drawSelect(texts.field, fieldOptions(part.field), (name) => {
    part.field = name;
    part.op = fieldOf(part).operators[0].name;
    part.value = undefined;
    drawRow();
    changed();
  });
const drawOperator = (part, drawRow) => {
  const options = fieldOf(part).operators.map(({ name, label }) =>
    drawOption(name, label, name === part.op)
  );
  return drawSelect(texts.operator, options, (name) => {
    part.op = name;
    drawRow();
    changed();
  });
};
const drawCondition = (group, part) => {
  const row = make('div', { class: 'row-f segment-row' });
  const drawRow = () =>
    row.replaceChildren(
      drawField(part, drawRow),
      drawOperator(part, drawRow),
      drawValue(part, changed),
      drawRemove(group, part, `${texts.remove}: ${fieldOf(part).label}`),
    );
  if (fieldOf(part)) drawRow();
  else row.append(part.field, drawRemove(group, part, texts.remove)); // one that is no more
  return row;
};

const drawAdd = (group, label, look, made) =>
  make('button', {
    type: 'button',
    class: `btn sm ${look}`,
    onclick: () => {
      group.parts.push(made());
      redraw();
    },
  }, label);
const newCondition = () => {
  const field = fieldOf({ field: 'last_order' }) || fields[0];
  return { field: field.name, op: field.operators[0].name };
};
const newGroup = () => ({ word: 'any', parts: [] });

const drawHead = (group, parent) => {
  const options = WORDS.map(([word, text]) => drawOption(word, text, word === group.word));
  const choice = drawSelect(texts.how, options, (word) => {
    group.word = word;
    changed();
  });
  const remove = parent && drawRemove(parent, group, texts.remove);
  return make('div', { class: 'row-f' }, choice, remove);
};
const drawGroup = (group, parent) =>
  make(
    'fieldset',
    { class: 'segment-group stack-s' },
    drawHead(group, parent),
    ...group.parts.map((part) => part.parts ? drawGroup(part, group) : drawCondition(group, part)),
    group.parts.length ? null : make('p', { class: 's dim' }, texts.everybody),
    make(
      'div',
      { class: 'row-f' },
      drawAdd(group, texts.add, '', newCondition),
      depthOf(group, tree) < DEEPEST ? drawAdd(group, texts.group, 'ghost', newGroup) : null,
    ),
  );

draw();
ask();
